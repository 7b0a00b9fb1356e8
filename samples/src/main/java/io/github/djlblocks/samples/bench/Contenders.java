package io.github.djlblocks.samples.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Which contenders there are for a workload on an engine, and how each is made. */
final class Contenders {

    private static final String TORCH = "PyTorch";

    private Contenders() {}

    /**
     * A contender to be made.
     *
     * @param kind the way
     * @param format the format of its weight matrices
     */
    record Entry(ContenderKind kind, Format format) {}

    /** Those asked for that exist there. */
    static List<Entry> of(
            Workload workload,
            String engine,
            Collection<ContenderKind> kinds,
            Collection<Format> formats) {
        List<Entry> entries = new ArrayList<>();
        for (Format format : Format.values()) {
            for (ContenderKind kind : ContenderKind.values()) {
                if (formats.contains(format)
                        && kinds.contains(kind)
                        && exists(kind, format, workload, engine)) {
                    entries.add(new Entry(kind, format));
                }
            }
        }
        return entries;
    }

    private static boolean exists(
            ContenderKind kind, Format format, Workload workload, String engine) {
        boolean torch = engine.equals(TORCH);
        boolean plain = format == Format.FLOAT32;
        return switch (kind) {
            case PRODUCTS -> torch || plain;
            case SCRIPT, COMPILED -> torch;
            case PORTABLE -> plain;
            case DJL -> plain && workload.encoder();
        };
    }

    static Contender make(Entry entry, Bed bed) {
        return switch (entry.kind()) {
            case PRODUCTS ->
                    bed.engine().equals(TORCH)
                            ? new ScriptProducts(bed, entry.format())
                            : new EngineProducts(bed);
            case SCRIPT -> new ScriptContender(bed, entry.format());
            case COMPILED -> BlockContender.compiled(bed, entry.format());
            case PORTABLE -> BlockContender.portable(bed);
            case DJL -> new DjlContender(bed);
        };
    }
}

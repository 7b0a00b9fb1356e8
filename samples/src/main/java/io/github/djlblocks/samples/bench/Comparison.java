package io.github.djlblocks.samples.bench;

import io.github.djlblocks.parity.ProcessMemory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Contenders of one workload on one engine, side by side. */
final class Comparison {

    private final Bed bed;
    private final List<Contenders.Entry> entries;
    private final Settings settings;
    private final Consumer<String> progress;
    private final Map<Contender, Long> growth = new HashMap<>();

    Comparison(
            Bed bed, List<Contenders.Entry> entries, Settings settings, Consumer<String> progress) {
        this.bed = bed;
        this.entries = entries;
        this.settings = settings;
        this.progress = progress;
    }

    List<Result> run() {
        List<Contender> contenders = new ArrayList<>();
        try {
            // Shared weights are nobody's.
            bed.block();
            for (Contenders.Entry entry : entries) {
                OptionalLong before = resident();
                Contender contender = Contenders.make(entry, bed);
                contenders.add(contender);
                contender.prepare();
                modes().forEach(contender::step);
                OptionalLong after = resident();
                if (before.isPresent() && after.isPresent()) {
                    growth.put(contender, after.getAsLong() - before.getAsLong());
                }
            }
            List<Result> results = new ArrayList<>();
            for (Mode mode : modes()) {
                results.addAll(run(contenders, mode));
            }
            return results;
        } finally {
            contenders.forEach(Contender::close);
        }
    }

    private List<Mode> modes() {
        return bed.workload().modes().stream().filter(settings.modes()::contains).toList();
    }

    private List<Result> run(List<Contender> contenders, Mode mode) {
        String where = bed.workload().label() + ' ' + mode.label() + ' ' + bed.engine() + ' ';
        List<List<Double>> seconds =
                new Rounds(settings.rounds(), settings.turnSeconds())
                        .time(
                                contenders,
                                mode,
                                contender -> progress.accept(where + describe(contender)));
        float[] reference = reference(contenders);
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            Contender contender = contenders.get(i);
            Map<ContenderKind, Double> ratios = new EnumMap<>(ContenderKind.class);
            for (int j = 0; j < contenders.size(); j++) {
                if (i != j && isReference(contenders.get(j), contender.format())) {
                    ratios.put(
                            contenders.get(j).kind(),
                            Statistics.medianRatio(seconds.get(i), seconds.get(j)));
                }
            }
            results.add(
                    new Result(
                            bed.workload(),
                            bed.engine(),
                            mode,
                            contender.kind(),
                            contender.format(),
                            seconds.get(i),
                            ratios,
                            difference(contender, reference),
                            growth.get(contender)));
        }
        return results;
    }

    private static String describe(Contender contender) {
        return contender.kind().label() + ' ' + contender.format().label();
    }

    /** What has the same format; some ways come in FLOAT32 only. */
    private static boolean isReference(Contender contender, Format format) {
        return contender.format() == format
                || contender.kind() == ContenderKind.PORTABLE
                || contender.kind() == ContenderKind.DJL;
    }

    private static float @Nullable [] reference(List<Contender> contenders) {
        float[] found = null;
        for (Contender contender : contenders) {
            boolean better = found == null || contender.kind() == ContenderKind.PORTABLE;
            if (contender.format() == Format.FLOAT32 && contender.output().length > 0 && better) {
                found = contender.output();
            }
        }
        return found;
    }

    private static @Nullable Double difference(Contender contender, float @Nullable [] reference) {
        return reference == null || contender.output().length == 0
                ? null
                : Statistics.relativeDifference(contender.output(), reference);
    }

    private static OptionalLong resident() {
        // Else garbage of Java would be taken for the contender's memory.
        System.gc();
        return ProcessMemory.residentBytes();
    }
}

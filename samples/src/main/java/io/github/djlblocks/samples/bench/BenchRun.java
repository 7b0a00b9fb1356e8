package io.github.djlblocks.samples.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Runs comparison after comparison. */
public final class BenchRun {

    /** A group of contenders takes at most so much of the memory that is free. */
    private static final double SHARE = 0.8;

    private final Settings settings;
    private final List<Group> groups = new ArrayList<>();

    private record Group(Workload workload, String engine, List<Contenders.Entry> entries) {}

    /**
     * Plans a run: every contender of a workload on an engine side by side, or one format after the
     * other if memory is too small for all.
     *
     * @param settings what to measure
     * @throws IllegalArgumentException if nothing is left to measure
     */
    public BenchRun(Settings settings) {
        this(settings, freeMemory());
    }

    BenchRun(Settings settings, double freeBytes) {
        this.settings = settings;
        for (Workload workload : settings.workloads()) {
            if (workload.modes().stream().anyMatch(settings.modes()::contains)) {
                settings.engines().forEach(engine -> plan(workload, engine, freeBytes));
            }
        }
        if (groups.isEmpty()) {
            throw new IllegalArgumentException(
                    "nothing to measure: engines "
                            + settings.engines()
                            + " have no contender of "
                            + settings.contenders().stream().map(Named::label).toList()
                            + " in formats "
                            + settings.formats().stream().map(Named::label).toList()
                            + " and modes "
                            + settings.modes().stream().map(Named::label).toList()
                            + " for workloads "
                            + settings.workloads().stream().map(Named::label).toList());
        }
    }

    private void plan(Workload workload, String engine, double freeBytes) {
        List<Contenders.Entry> entries =
                Contenders.of(workload, engine, settings.contenders(), settings.formats());
        double bytes = 4;
        for (Format format : entries.stream().map(Contenders.Entry::format).distinct().toList()) {
            // Each of the products, the TorchScript and the compiled model may hold its own.
            bytes += 3 * format.bytes();
        }
        if (bytes * workload.matrixNumbers() < SHARE * freeBytes) {
            add(workload, engine, entries);
            return;
        }
        for (Format format : Format.values()) {
            add(
                    workload,
                    engine,
                    entries.stream().filter(entry -> entry.format() == format).toList());
        }
    }

    private void add(Workload workload, String engine, List<Contenders.Entry> entries) {
        if (!entries.isEmpty()) {
            groups.add(new Group(workload, engine, entries));
        }
    }

    /**
     * Returns how many turns it takes, the warm-up of each contender being one.
     *
     * @return how often {@link #run} reports progress
     */
    public int turns() {
        int turns = 0;
        for (Group group : groups) {
            long modes = group.workload.modes().stream().filter(settings.modes()::contains).count();
            turns += (int) modes * group.entries.size() * (settings.rounds() + 1);
        }
        return turns;
    }

    /**
     * Measures.
     *
     * @param progress told after each turn what it was
     * @return the results, in the order of the settings
     */
    public List<Result> run(Consumer<String> progress) {
        List<Result> results = new ArrayList<>();
        for (Group group : groups) {
            try (Bed bed = new Bed(group.workload, group.engine)) {
                results.addAll(new Comparison(bed, group.entries, settings, progress).run());
            }
        }
        return results;
    }

    /** What Linux could give to a process now; elsewhere no limit is known. */
    private static double freeMemory() {
        Path file = Path.of("/proc/meminfo");
        if (!Files.isReadable(file)) {
            return Double.POSITIVE_INFINITY;
        }
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToDouble(line -> 1024.0 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(Double.POSITIVE_INFINITY);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}

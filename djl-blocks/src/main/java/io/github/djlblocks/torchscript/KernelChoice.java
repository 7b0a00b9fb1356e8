package io.github.djlblocks.torchscript;

import io.github.djlblocks.format.WeightFormat;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Times the kernels of a format on this machine, once a size, and keeps the holder whose kernels
 * take least: {@code sum over row classes of calls x seconds}.
 */
final class KernelChoice {

    /** The system property that pins kernels: ids with commas between, one a format at most. */
    static final String PROPERTY = "djlblocks.linear";

    /** Longer matrices are timed as if they had this many rows: the seconds grow with them. */
    static final int LONGEST = 1024;

    /** A later holder is taken for less than this part of the time: trials are that uncertain. */
    private static final double GAIN = 0.95;

    private static final Logger LOGGER = LoggerFactory.getLogger(KernelChoice.class);

    /** Runs kernels on weights of its own. */
    @FunctionalInterface
    interface Trial {

        /**
         * Makes weights for a kernel.
         *
         * @throws RuntimeException if the kernel does not run here
         */
        Stopwatch of(LinearKernel kernel, WeightFormat format, int out, int in);
    }

    /** A kernel and its weights. */
    @FunctionalInterface
    interface Stopwatch extends AutoCloseable {

        /**
         * Times a call.
         *
         * @return seconds; not a positive number if the result was wrong
         * @throws RuntimeException if the kernel does not run here
         */
        double seconds(int rows);

        @Override
        default void close() {}
    }

    /** How often each class of rows is called, for the sum that is made small. */
    record Mix(double one, double few, double many) {

        /** A prompt of 512 tokens and 128 steps. */
        static final Mix GENERATION = new Mix(128, 4, 1);

        /** Whole sequences only. */
        static final Mix ENCODING = new Mix(0, 1, 1);

        double calls(RowClass rows) {
            return switch (rows) {
                case ONE -> one;
                case FEW -> few;
                case MANY -> many;
            };
        }
    }

    /**
     * What to make of a weight, and what to call on it.
     *
     * @param holder what to pack
     * @param kernels a kernel of that holder for each class of rows
     */
    record Choice(WeightHolder holder, Map<RowClass, LinearKernel> kernels) {

        Choice {
            kernels = Map.copyOf(kernels);
        }

        LinearKernel kernel(RowClass rows) {
            return Optional.ofNullable(kernels.get(rows)).orElseThrow();
        }
    }

    private record Key(WeightFormat format, int out, int in) {}

    /** The fastest kernel of a holder for a class of rows. */
    private record Fastest(LinearKernel kernel, double seconds) {}

    /** The holders whose kernels take all classes of rows, in the order of preference. */
    private record Timings(Map<WeightHolder, Map<RowClass, Fastest>> holders) {

        Choice choose(Mix mix) {
            WeightHolder holder =
                    holders.keySet().stream()
                            .reduce((a, b) -> total(b, mix) < GAIN * total(a, mix) ? b : a)
                            .orElseThrow();
            Map<RowClass, LinearKernel> kernels = new EnumMap<>(RowClass.class);
            fastest(holder).forEach((rows, fastest) -> kernels.put(rows, fastest.kernel()));
            return new Choice(holder, kernels);
        }

        private double total(WeightHolder holder, Mix mix) {
            return fastest(holder).entrySet().stream()
                    .mapToDouble(e -> mix.calls(e.getKey()) * e.getValue().seconds())
                    .sum();
        }

        private Map<RowClass, Fastest> fastest(WeightHolder holder) {
            return holders.getOrDefault(holder, Map.of());
        }
    }

    private final Trial trial;
    private final List<LinearKernel> pinned;
    private final boolean ofThisProcessor;
    private final Map<Key, Timings> known = new ConcurrentHashMap<>();

    KernelChoice(Trial trial, List<LinearKernel> pinned) {
        this(trial, pinned, true);
    }

    private KernelChoice(Trial trial, List<LinearKernel> pinned, boolean ofThisProcessor) {
        this.trial = trial;
        this.pinned = List.copyOf(pinned);
        this.ofThisProcessor = ofThisProcessor;
    }

    /** Takes what runs on every device, untimed. */
    static KernelChoice ofAnyDevice() {
        return new KernelChoice(
                (kernel, format, out, in) -> rows -> Double.NaN, LinearKernel.ofAnyDevice(), false);
    }

    /** Whether it may take what runs on this processor alone. */
    boolean isOfThisProcessor() {
        return ofThisProcessor;
    }

    /** The kernels named by {@link #PROPERTY}. */
    static List<LinearKernel> pinnedByProperty() {
        List<LinearKernel> kernels = new ArrayList<>();
        for (String id : System.getProperty(PROPERTY, "").split(",", -1)) {
            if (!id.isBlank()) {
                kernels.add(LinearKernel.byId(id.strip()));
            }
        }
        return kernels;
    }

    /**
     * Chooses for weights of a size; the first call for a size takes a while.
     *
     * @param mix how they will be used
     * @throws IllegalArgumentException if the pinned kernel does not take the size
     * @throws IllegalStateException if no kernel runs here
     */
    Choice choose(WeightFormat format, int out, int in, Mix mix) {
        List<LinearKernel> all = LinearKernel.of(format);
        for (LinearKernel kernel : pinned) {
            if (all.contains(kernel)) {
                return pin(kernel, out, in);
            }
        }
        // What a kernel supports depends on the rest of a division by 64, which stays.
        int shorter = out <= LONGEST ? out : LONGEST + out % 64;
        // Not computeIfAbsent: trials may run kernels that choose themselves.
        Key key = new Key(format, shorter, in);
        Timings timings = known.get(key);
        if (timings == null) {
            timings = time(all, key, false);
            known.put(key, timings);
        }
        return timings.choose(mix);
    }

    private static Choice pin(LinearKernel kernel, int out, int in) {
        Map<RowClass, LinearKernel> kernels = new EnumMap<>(RowClass.class);
        for (RowClass rows : RowClass.values()) {
            if (!kernel.supports(out, in, rows.trialRows())) {
                throw new IllegalArgumentException(
                        "linear kernel %s does not take weights of (%d, %d): pin another, or none"
                                .formatted(kernel.id(), out, in));
            }
            kernels.put(rows, kernel);
        }
        return new Choice(kernel.holder(), kernels);
    }

    /**
     * Times kernels. Those that round as {@code x} is rounded are a last resort, slow wherever
     * another runs: they are timed for rows that no other takes, or for all if nothing serves so.
     */
    private Timings time(List<LinearKernel> all, Key key, boolean lastResorts) {
        Map<WeightHolder, Map<RowClass, Fastest>> holders = new EnumMap<>(WeightHolder.class);
        Map<String, String> seconds = new LinkedHashMap<>();
        Set<RowClass> taken = EnumSet.noneOf(RowClass.class);
        for (LinearKernel kernel : all) {
            boolean lastResort = kernel.rounding() == LinearKernel.Rounding.OF_X;
            Set<RowClass> open = EnumSet.allOf(RowClass.class);
            if (lastResort && !lastResorts) {
                open.removeAll(taken);
            }
            open.removeIf(rows -> !kernel.supports(key.out(), key.in(), rows.trialRows()));
            times(kernel, key, open)
                    .forEach(
                            (rows, time) -> {
                                seconds.put(kernel.id() + " " + rows, "%.3g".formatted(time));
                                if (time < Double.POSITIVE_INFINITY) {
                                    taken.add(rows);
                                    holders.computeIfAbsent(
                                                    kernel.holder(),
                                                    h -> new EnumMap<>(RowClass.class))
                                            .merge(
                                                    rows,
                                                    new Fastest(kernel, time),
                                                    (a, b) -> a.seconds() <= b.seconds() ? a : b);
                                }
                            });
        }
        holders.values().removeIf(fastest -> fastest.size() < RowClass.values().length);
        if (holders.isEmpty()) {
            if (!lastResorts) {
                return time(all, key, true);
            }
            throw new IllegalStateException(
                    "no linear kernel of %s runs here on (%d, %d): %s"
                            .formatted(key.format(), key.out(), key.in(), seconds));
        }
        LOGGER.debug("{}: {}, of seconds {}", key, holders, seconds);
        return new Timings(holders);
    }

    /** The seconds of trials over one set of weights, infinite if they failed. */
    private Map<RowClass, Double> times(LinearKernel kernel, Key key, Set<RowClass> open) {
        Map<RowClass, Double> times = new EnumMap<>(RowClass.class);
        open.forEach(rows -> times.put(rows, Double.POSITIVE_INFINITY));
        if (open.isEmpty()) {
            return times;
        }
        try (Stopwatch watch = trial.of(kernel, key.format(), key.out(), key.in())) {
            times.replaceAll((rows, none) -> time(watch, rows, kernel, key));
        } catch (RuntimeException e) {
            LOGGER.debug("{} takes no weights here of {}", kernel.id(), key, e);
        }
        return times;
    }

    private static double time(Stopwatch watch, RowClass rows, LinearKernel kernel, Key key) {
        try {
            double time = watch.seconds(rows.trialRows());
            return time > 0 ? time : Double.POSITIVE_INFINITY;
        } catch (RuntimeException e) {
            LOGGER.debug("{} does not run here on {}", kernel.id(), key, e);
            return Double.POSITIVE_INFINITY;
        }
    }
}

package io.github.djlblocks.samples.bench;

import java.util.List;

/**
 * What to measure, and how long.
 *
 * @param workloads the models
 * @param engines names of engines
 * @param contenders the ways to run them
 * @param formats formats of weights
 * @param modes what to do with them, as far as a workload has it
 * @param rounds how often every contender takes its turn, at least 1
 * @param turnSeconds how long a turn lasts at least, above 0; one step in any case
 */
public record Settings(
        List<Workload> workloads,
        List<String> engines,
        List<ContenderKind> contenders,
        List<Format> formats,
        List<Mode> modes,
        int rounds,
        double turnSeconds) {

    /**
     * Checks the numbers and copies the lists.
     *
     * @param workloads the models
     * @param engines names of engines
     * @param contenders the ways to run them
     * @param formats formats of weights
     * @param modes what to do with them
     * @param rounds at least 1
     * @param turnSeconds above 0
     */
    public Settings {
        workloads = List.copyOf(workloads);
        engines = List.copyOf(engines);
        contenders = List.copyOf(contenders);
        formats = List.copyOf(formats);
        modes = List.copyOf(modes);
        if (rounds < 1) {
            throw new IllegalArgumentException("rounds (" + rounds + ") must be at least 1");
        }
        if (!(turnSeconds > 0)) {
            throw new IllegalArgumentException("turnSeconds (" + turnSeconds + ") must be above 0");
        }
    }
}

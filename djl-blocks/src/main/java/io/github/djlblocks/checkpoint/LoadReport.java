package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What became of every tensor of a checkpoint and of every parameter of a block.
 *
 * @param loaded parameter path to the tensor that fills it, ties included
 * @param tied parameter path to the other parameter's tensor that fills it
 * @param ignored tensors left out by name
 * @param missing paths of parameters without a tensor
 * @param unexpected tensors without a parameter, each with the reason
 * @param mismatched parameters whose tensor has another shape
 * @param rejected whatever else stands against loading, in sentences: two tensors for one
 *     parameter, or a stored type that cannot be read as the type asked for
 */
public record LoadReport(
        Map<String, String> loaded,
        Map<String, String> tied,
        List<String> ignored,
        List<String> missing,
        Map<String, String> unexpected,
        List<ShapeMismatch> mismatched,
        List<String> rejected) {

    private static final int SHOWN = 20;

    /**
     * A parameter and a tensor that do not fit.
     *
     * @param parameterPath the path of the parameter
     * @param expected the parameter's shape
     * @param tensor the tensor's name
     * @param actual the tensor's shape
     */
    public record ShapeMismatch(String parameterPath, Shape expected, String tensor, Shape actual) {

        @Override
        public String toString() {
            return parameterPath + " " + expected + " <- " + tensor + " " + actual;
        }
    }

    /**
     * Copies everything.
     *
     * @param loaded parameter path to tensor
     * @param tied parameter path to another parameter's tensor
     * @param ignored tensors left out
     * @param missing paths of parameters
     * @param unexpected tensor to reason
     * @param mismatched pairs of different shape
     * @param rejected sentences
     */
    public LoadReport {
        loaded = Collections.unmodifiableMap(new LinkedHashMap<>(loaded));
        tied = Collections.unmodifiableMap(new LinkedHashMap<>(tied));
        ignored = List.copyOf(ignored);
        missing = List.copyOf(missing);
        unexpected = Collections.unmodifiableMap(new LinkedHashMap<>(unexpected));
        mismatched = List.copyOf(mismatched);
        rejected = List.copyOf(rejected);
    }

    /**
     * Returns whether anything stands against loading.
     *
     * @return true if something is missing, unexpected, mismatched or rejected
     */
    public boolean hasFaults() {
        return !(missing.isEmpty()
                && unexpected.isEmpty()
                && mismatched.isEmpty()
                && rejected.isEmpty());
    }

    /** Lists the counts, then each kind with at most 20 entries. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add(
                loaded.size()
                        + " parameters loaded ("
                        + tied.size()
                        + " tied), "
                        + ignored.size()
                        + " tensors ignored, "
                        + missing.size()
                        + " parameters missing, "
                        + unexpected.size()
                        + " tensors unexpected, "
                        + mismatched.size()
                        + " shapes mismatched, "
                        + rejected.size()
                        + " rejected");
        describe(lines, "tied", arrows(tied));
        describe(lines, "ignored", ignored);
        describe(lines, "missing", missing);
        describe(
                lines,
                "unexpected",
                unexpected.entrySet().stream()
                        .map(entry -> entry.getKey() + ": " + entry.getValue())
                        .toList());
        describe(lines, "mismatched", mismatched.stream().map(ShapeMismatch::toString).toList());
        describe(lines, "rejected", rejected);
        return String.join("\n", lines);
    }

    private static List<String> arrows(Map<String, String> map) {
        return map.entrySet().stream()
                .map(entry -> entry.getKey() + " <- " + entry.getValue())
                .toList();
    }

    private static void describe(List<String> lines, String kind, List<String> entries) {
        if (!entries.isEmpty()) {
            String rest =
                    entries.size() > SHOWN
                            ? "\n    ... and " + (entries.size() - SHOWN) + " more"
                            : "";
            lines.add(
                    entries.stream()
                            .limit(SHOWN)
                            .collect(Collectors.joining("\n    ", "  " + kind + ":\n    ", rest)));
        }
    }
}

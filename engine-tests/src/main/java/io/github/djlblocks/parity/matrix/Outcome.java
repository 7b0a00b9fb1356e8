package io.github.djlblocks.parity.matrix;

import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.cases.CaseResult;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a case fared on an engine: margins, or what it threw. */
public final class Outcome {

    private final Map<String, Margin> margins;
    private final @Nullable CaseResult result;
    private final @Nullable RuntimeException failure;

    private Outcome(
            Map<String, Margin> margins,
            @Nullable CaseResult result,
            @Nullable RuntimeException failure) {
        this.margins = Collections.unmodifiableMap(new LinkedHashMap<>(margins));
        this.result = result;
        this.failure = failure;
    }

    static Outcome measured(CaseResult result, Map<String, Margin> margins) {
        return new Outcome(margins, result, null);
    }

    static Outcome failed(RuntimeException failure) {
        return new Outcome(Map.of(), null, failure);
    }

    /**
     * Says whether it ran, and everything is within its tolerance.
     *
     * @return false if it threw or is inexact
     */
    public boolean works() {
        return failure == null && margins.values().stream().allMatch(Margin::isWithin);
    }

    /**
     * Returns how much of its tolerance the output ({@code output}) or each gradient used.
     *
     * @return margins by name, empty if it threw
     */
    public Map<String, Margin> margins() {
        return margins;
    }

    /**
     * Returns what the engine computed.
     *
     * @return the result
     * @throws IllegalStateException if it threw
     */
    public CaseResult result() {
        if (result == null) {
            throw new IllegalStateException("there is no result: " + problem(), failure);
        }
        return result;
    }

    /**
     * Returns the largest part of a tolerance that was used.
     *
     * @return error / allowed of the worst margin; 0 if nothing was compared
     */
    public double used() {
        return margins.values().stream().mapToDouble(Margin::used).max().orElse(0);
    }

    /**
     * Says what is wrong.
     *
     * @return what was thrown, or {@code inexact: } and the worst margin; empty if it works
     */
    public String problem() {
        if (failure != null) {
            return failure.toString();
        }
        return margins.entrySet().stream()
                .filter(entry -> !entry.getValue().isWithin())
                .max(Comparator.comparingDouble(entry -> entry.getValue().used()))
                .map(entry -> "inexact: " + entry.getKey() + " " + entry.getValue())
                .orElse("");
    }
}

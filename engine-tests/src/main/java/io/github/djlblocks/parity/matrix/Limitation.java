package io.github.djlblocks.parity.matrix;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Something an engine is known not to do.
 *
 * <p>It excuses a case whose name it finds its pattern in, when that fails with the problem it
 * names. A case that works needs no excuse, and a limitation that excuses nothing is an error of
 * {@link SupportMatrix#problems}.
 *
 * @param engineName DJL's name of the engine
 * @param quantities what it does not compute
 * @param cases found in the name of the case, such as {@code Linear: no bias}
 * @param problem found in {@link Outcome#problem}: what is thrown, or {@code inexact}
 * @param reason a few words for the matrix
 */
public record Limitation(
        String engineName,
        Set<Quantity> quantities,
        Pattern cases,
        Pattern problem,
        String reason) {

    /**
     * Creates a limitation.
     *
     * @param engineName DJL's name of the engine
     * @param quantities what it does not compute
     * @param cases found in the name of the case
     * @param problem found in {@link Outcome#problem}
     * @param reason a few words for the matrix
     */
    public Limitation {
        quantities = Set.copyOf(quantities);
    }

    /**
     * Creates a limitation of any case.
     *
     * @param engineName DJL's name of the engine
     * @param quantities what it does not compute
     * @param problem found in {@link Outcome#problem}
     * @param reason a few words for the matrix
     * @return the limitation
     */
    public static Limitation of(
            String engineName, Set<Quantity> quantities, String problem, String reason) {
        return new Limitation(
                engineName, quantities, Pattern.compile(""), Pattern.compile(problem), reason);
    }

    /**
     * Says the same of some cases alone.
     *
     * @param pattern found in their names, a regular expression
     * @return a changed copy
     */
    public Limitation withCases(String pattern) {
        return new Limitation(engineName, quantities, Pattern.compile(pattern), problem, reason);
    }

    /**
     * Says whether a failure is this one.
     *
     * @param parityCase the case that failed
     * @param engine where
     * @param quantity what
     * @param outcome how
     * @return whether it was to be expected
     */
    public boolean excuses(
            ParityCase parityCase, EngineUnderTest engine, Quantity quantity, Outcome outcome) {
        return !outcome.works()
                && engine.engineName().equals(engineName)
                && quantities.contains(quantity)
                && cases.matcher(parityCase.name()).find()
                && problem.matcher(outcome.problem()).find();
    }
}

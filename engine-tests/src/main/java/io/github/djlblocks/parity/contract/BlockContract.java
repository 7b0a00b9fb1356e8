package io.github.djlblocks.parity.contract;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The contract of blocks as a JUnit test: implement it and say which blocks.
 *
 * <pre>{@code
 * class MyBlocksContractTest implements BlockContract {
 *     @Override
 *     public List<ParityCase> cases() {
 *         return MyCases.all();
 *     }
 * }
 * }</pre>
 *
 * <p>Every {@link ContractCheck} runs on every engine, the cheap ones for every case, the others
 * for the first case of each block. The numbers themselves are compared by {@link
 * io.github.djlblocks.parity.cases.ParityRunner}.
 */
public interface BlockContract {

    /**
     * Returns the blocks with their inputs.
     *
     * @return the cases; those of one block have one name
     */
    List<ParityCase> cases();

    /**
     * Returns the engines, by default those that {@link EnginesUnderTest#discover} finds.
     *
     * @return where the contract is checked
     */
    default List<EngineUnderTest> engines() {
        return EnginesUnderTest.discover();
    }

    /**
     * Says whether a case runs on an engine, by default all on all.
     *
     * @param parityCase the case
     * @param engine the engine
     * @return false if nothing is to be checked there
     */
    default boolean supports(ParityCase parityCase, EngineUnderTest engine) {
        return true;
    }

    /**
     * Makes the tests: for each check those of its cases, on each engine.
     *
     * @return the tests
     */
    @TestFactory
    default Stream<DynamicNode> contract() {
        List<ParityCase> cases = cases();
        List<EngineUnderTest> engines = engines();
        return Arrays.stream(ContractCheck.values())
                .map(
                        check ->
                                DynamicContainer.dynamicContainer(
                                        check.name(), tests(check, cases, engines)));
    }

    private Stream<DynamicTest> tests(
            ContractCheck check, List<ParityCase> cases, List<EngineUnderTest> engines) {
        List<DynamicTest> tests = new ArrayList<>();
        for (EngineUnderTest engine : engines) {
            Set<String> done = new HashSet<>();
            for (ParityCase parityCase : cases) {
                if (!check.isForEveryCase() && done.contains(parityCase.blockName())) {
                    continue;
                }
                if (supports(parityCase, engine) && check.appliesTo(parityCase, engine)) {
                    done.add(parityCase.blockName());
                    List<EngineUnderTest> others =
                            engines.stream().filter(e -> supports(parityCase, e)).toList();
                    tests.add(
                            DynamicTest.dynamicTest(
                                    check + ", " + parityCase + " on " + engine,
                                    () -> check.verify(parityCase, engine, others)));
                }
            }
        }
        return tests.stream();
    }
}

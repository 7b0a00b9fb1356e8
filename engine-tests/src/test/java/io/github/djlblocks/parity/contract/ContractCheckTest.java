package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.cases.ParityCaseBuilder;
import io.github.djlblocks.parity.contract.Scale.Fault;
import io.github.djlblocks.parity.oracle.OracleMath;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** For each promise a block that breaks it, and nothing else. */
class ContractCheckTest {

    private static final List<EngineUnderTest> ENGINES = EnginesUnderTest.discoverAll();

    /** What a fault breaks: its own promise, and those that cannot be kept without it. */
    private static Set<ContractCheck> broken(Fault fault) {
        return switch (fault) {
            case NONE -> Set.of();
            case NAMELESS -> Set.of(ContractCheck.DESCRIPTION);
            case OTHER_SHAPES, FORGETS_UNKNOWN_SIZES -> Set.of(ContractCheck.OUTPUT_SHAPES);
            case ALWAYS_SINGLE ->
                    Set.of(
                            ContractCheck.DATA_TYPES,
                            ContractCheck.PERSISTENCE,
                            ContractCheck.MODEL_DATA_TYPE,
                            ContractCheck.COMPILED);
            case TAKES_ANY_TYPE -> Set.of(ContractCheck.OTHER_TYPES);
            case TAKES_ANY_INPUT, WRONG_MESSAGE -> Set.of(ContractCheck.WRONG_INPUTS);
            case DROPS_OUT_IN_INFERENCE ->
                    Set.of(
                            ContractCheck.REPEATABLE,
                            ContractCheck.COPYING_STORE,
                            ContractCheck.PERSISTENCE,
                            ContractCheck.COMPOSITION,
                            ContractCheck.MODEL_DATA_TYPE,
                            ContractCheck.THREADS,
                            ContractCheck.COMPILED);
            case DROPS_OUT_IN_TRAINING -> Set.of(ContractCheck.REPEATABLE);
            case CHANGES_ITS_INPUT ->
                    Set.of(
                            ContractCheck.REPEATABLE,
                            ContractCheck.COPYING_STORE,
                            ContractCheck.COMPOSITION,
                            ContractCheck.TRAINER);
            case DROPS_OUT_UNSCALED -> Set.of(ContractCheck.RANDOMNESS);
            case LEAKS_INTO_THE_MODEL -> Set.of(ContractCheck.NATIVE_MEMORY, ContractCheck.THREADS);
            case LEAKS, LEAKS_WHEN_IT_THROWS -> Set.of(ContractCheck.NATIVE_MEMORY);
            case CLOSES_COPIES -> Set.of(ContractCheck.COPYING_STORE);
            case LOADS_OTHER_NUMBERS -> Set.of(ContractCheck.PERSISTENCE);
            case LOADS_ANY_SHAPE -> Set.of(ContractCheck.WRONG_FILES);
            case EMPTIES_THE_LIST -> Set.of(ContractCheck.COMPOSITION);
            case SINGLE_WHEN_IT_TRAINS -> Set.of(ContractCheck.MODEL_DATA_TYPE);
            case NO_GRADIENT -> Set.of(ContractCheck.TRAINER);
            case CANNOT_BE_FROZEN -> Set.of(ContractCheck.FROZEN_PARAMETERS);
            case KEEPS_STATE -> Set.of(ContractCheck.THREADS);
            case RECORDS_A_SIZE -> Set.of(ContractCheck.COMPILED);
        };
    }

    @Test
    void faults_allOfThem_breakEveryPromise() {
        assertThat(Arrays.stream(Fault.values()).flatMap(fault -> broken(fault).stream()))
                .contains(ContractCheck.values());
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void violations_oneFault_areItsOwn(Fault fault) {
        EngineUnderTest engine = EngineUnderTest.onCpu("PyTorch");

        Map<ContractCheck, AssertionError> found =
                ContractCheck.violations(scale(fault), engine, List.of(engine));

        Set<ContractCheck> kinds = new HashSet<>(found.keySet());
        if (fault == Fault.DROPS_OUT_IN_INFERENCE) {
            // A loss of random outputs may fall or not.
            kinds.remove(ContractCheck.TRAINER);
        }
        assertThat(kinds).as("%s", found.values()).isEqualTo(broken(fault));
        assertThat(found.values())
                .allSatisfy(
                        e ->
                                assertThat(e.getMessage())
                                        .contains(scale(fault).name(), "PyTorch/cpu"));
    }

    @Test
    void violations_rightBlockOnEveryEngine_areNone() {
        for (EngineUnderTest engine : ENGINES) {
            assertThat(ContractCheck.violations(scale(Fault.NONE), engine, ENGINES)).isEmpty();
        }
    }

    private static ParityCase scale(Fault fault) {
        long[] shape = {2, 3, Scale.CHANNELS};
        ParityCaseBuilder builder =
                ParityCase.builder("Scale", fault.name())
                        .setBlock(() -> new Scale(fault))
                        .addInput("x", RandomTensors.normal(7, shape), shape)
                        .setFormula(
                                (arrays, parameters) ->
                                        OracleMath.mul(
                                                Objects.requireNonNull(arrays.get("x")),
                                                Objects.requireNonNull(parameters.get("weight"))))
                        .setTolerance(1, 1, "one product");
        if (fault == Fault.DROPS_OUT_UNSCALED) {
            builder.optRandomInTraining();
        }
        return builder.build();
    }
}

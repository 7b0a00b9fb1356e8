package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.RandomTensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Large numbers. */
class MagnitudeTest {

    private static final Set<String> BOUNDED =
            Set.of("RmsNorm", "LayerNorm", "ScaleNorm", "GroupNorm", "InstanceNorm", "DynamicTanh");

    static Stream<Arguments> largeEverywhere() {
        List<ParityCase> cases = new ArrayList<>();
        for (ParityCase parityCase : BlockCases.all()) {
            if (BOUNDED.contains(parityCase.blockName())) {
                cases.add(parityCase.withScaledInputs(1e4));
            }
        }
        for (ActivationFunction function : ActivationCases.functionsUnderTest()) {
            cases.add(activationAlone(function).withScaledInputs(1e4));
        }
        return cases.stream()
                .flatMap(c -> EnginesUnderTest.discover().stream().map(e -> Arguments.of(c, e)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("largeEverywhere")
    void forward_tenThousandTimesLarger_staysFiniteAndRight(
            ParityCase parityCase, EngineUnderTest engine) {
        CaseResult found = ParityRunner.forward(parityCase, engine, DataType.FLOAT32);

        assertThat(Arrays.stream(found.output()).allMatch(Double::isFinite)).isTrue();
        Margin margin =
                found.against(
                        ParityRunner.truth(parityCase, DataType.FLOAT32),
                        parityCase.tolerance(DataType.FLOAT32));
        assertThat(margin.isWithin()).as("%s", margin).isTrue();
    }

    /** Identity projections: sums of one term each, so that only the activation rounds. */
    private static ParityCase activationAlone(ActivationFunction function) {
        double[] identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        return ParityCase.builder("GatedFeedForward", function + " alone")
                .setBlock(() -> FeedForwardCases.block(function, false, 3, 3))
                .addInput("x", RandomTensors.normal(3, 8, 3), 8, 3)
                .optParameter("gate.weight", identity)
                .optParameter("up.weight", identity)
                .optParameter("down.weight", identity)
                .setFormula(
                        (arrays, parameters) ->
                                Scope.of(parameters)
                                        .gatedFeedForward(
                                                Scope.get(arrays, "x"),
                                                FeedForwardCases.oracle(function)))
                .setTolerance(1, 4, "the activation, good to three epsilon, and a product")
                .build();
    }
}

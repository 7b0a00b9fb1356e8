package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every block compiled, against the oracle, within the tolerance it has primitive by primitive. */
class CompiledParityTest {

    static Stream<Arguments> everything() {
        return EnginesUnderTest.discover().stream()
                .filter(engine -> engine.engineName().equals("PyTorch"))
                .flatMap(
                        engine ->
                                BlockCases.all().stream()
                                        .flatMap(
                                                parityCase ->
                                                        Stream.of(
                                                                        DataType.FLOAT32,
                                                                        DataType.FLOAT64,
                                                                        DataType.FLOAT16)
                                                                .map(
                                                                        type ->
                                                                                Arguments.of(
                                                                                        parityCase,
                                                                                        engine,
                                                                                        type))));
    }

    @ParameterizedTest(name = "{0}, {1} {2}")
    @MethodSource("everything")
    void compiled_followsTheFormula(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        assertFollows(parityCase, engine, dataType, CompileOptions.defaults().demanded());
    }

    private static void assertFollows(
            ParityCase parityCase,
            EngineUnderTest engine,
            DataType dataType,
            CompileOptions options) {
        try (CaseRun run = CaseRun.forInference(parityCase, engine, dataType)) {
            Block compiled = TorchScript.compiled(run.block(), run.manager(), options);
            NDArray y = forward(compiled, run, run.params());
            CaseResult found =
                    new CaseResult(HostValues.of(y), y.getShape(), y.getDataType(), Map.of());
            Margin margin =
                    found.against(
                            ParityRunner.truth(parityCase, dataType),
                            parityCase.tolerance(dataType));
            assertThat(margin.isWithin()).as("%s: %s", parityCase, margin).isTrue();
        }
    }

    static Stream<Arguments> single() {
        return everything().filter(arguments -> arguments.get()[2] == DataType.FLOAT32);
    }

    @ParameterizedTest(name = "{0}, {1}, weights packed")
    @MethodSource("single")
    void compiledOfPackedWeights_followsTheFormula(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        System.setProperty("djlblocks.attention", "chunks");
        try {
            assertFollows(
                    parityCase,
                    engine,
                    dataType,
                    CompileOptions.defaults().withWeights(WeightFormat.FLOAT32).demanded());
        } finally {
            System.setProperty("djlblocks.attention", "kernel");
        }
    }

    /** The operations that a GPU is given. */
    @ParameterizedTest(name = "{0}, {1}, for any device")
    @MethodSource("single")
    void compiledForAnyDevice_followsTheFormula(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        assertFollows(
                parityCase,
                engine,
                dataType,
                CompileOptions.defaults()
                        .withWeights(WeightFormat.FLOAT32)
                        .forAnyDevice()
                        .demanded());
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private static NDArray forward(
            Block block, CaseRun run, @Nullable PairList<String, Object> params) {
        ParameterStore store = new ParameterStore(run.manager(), false);
        return block.forward(store, run.inputs(), false, params).get(0);
    }
}

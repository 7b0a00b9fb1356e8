package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Passes that are printed for any device, as they are for a GPU: on the processor they compute what
 * the blocks do, and what they make they make where their inputs are.
 */
class AnyDeviceTest {

    private static final int CONTEXT = 40;

    /** Groups of four-bit codes divide it. */
    private static final int HIDDEN = 64;

    private static final List<WeightFormat> FORMATS =
            List.of(
                    WeightFormat.FLOAT32,
                    WeightFormat.FLOAT16,
                    WeightFormat.BFLOAT16,
                    WeightFormat.INT8,
                    WeightFormat.INT4);

    static Stream<ParityCase> cases() {
        return BlockCases.all().stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void forward_onMeta_makesWhatItNeedsThere(ParityCase parityCase) {
        EngineUnderTest engine = EngineUnderTest.onCpu("PyTorch");
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
            try (CaseRun run = CaseRun.forInference(parityCase, engine, type)) {
                NDArray expected = run.forward(false);
                NDArray found =
                        MetaDevice.forward(
                                        run.block(),
                                        run.manager(),
                                        run.inputs(),
                                        run.params(),
                                        CompileOptions.defaults())
                                .get(0);
                assertThat(found.getDataType()).isEqualTo(expected.getDataType());
                assertThat(found.getShape()).isEqualTo(expected.getShape());
            }
        }
    }

    /** A prompt, and a token behind it, of one row and of two, through caches of every policy. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_stepsInEveryFormatOnMeta_makeWhatTheyNeedThere(NDManager manager) {
        CausalLanguageModel model = model(manager);
        for (WeightFormat format : FORMATS) {
            CompileOptions options = CompileOptions.defaults().withWeights(format);
            for (CachePolicy policy :
                    List.of(
                            CachePolicy.growing(),
                            CachePolicy.preallocated(CONTEXT),
                            CachePolicy.rolling(3, 1))) {
                for (int batch = 1; batch <= 2; batch++) {
                    try (KeyValueCache cache =
                            KeyValueCache.of(manager, Collections.nCopies(Twins.LAYERS, policy))) {
                        for (int length : new int[] {5, 1, 1}) {
                            NDArray ids = manager.ones(new Shape(batch, length), DataType.INT64);
                            NDArray logits =
                                    MetaDevice.forward(
                                                    model,
                                                    manager,
                                                    new NDList(ids),
                                                    params(cache),
                                                    options)
                                            .get(0);
                            assertThat(logits)
                                    .hasShape(new Shape(batch, length, Twins.VOCABULARY))
                                    .hasDataType(DataType.FLOAT32);
                        }
                        assertThat(cache.length()).isEqualTo(7);
                    }
                }
            }
        }
    }

    /** Rows of a batch that are of different lengths. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_rowsOfSeveralLengthsOnMeta_makeWhatTheyNeedThere(NDManager manager) {
        CausalLanguageModel model = model(manager);
        KeyValueCache cache = KeyValueCache.preallocated(manager, Twins.LAYERS, CONTEXT);
        model.forward(
                new ParameterStore(manager, false),
                new NDList(manager.ones(new Shape(2, 4), DataType.INT64)),
                false,
                params(cache));
        cache.truncate(4, 2);
        NDList next = new NDList(manager.ones(new Shape(2, 1), DataType.INT64));
        CompileOptions options = CompileOptions.defaults();
        assertThat(MetaDevice.forward(model, manager, next, params(cache), options).get(0))
                .hasShape(new Shape(2, 1, Twins.VOCABULARY));
        cache.close();
    }

    /** Codes are packed where they are, too. */
    @ParameterizedTest
    @MethodSource("kernels")
    void pack_onMeta_packsThere(LinearKernel kernel) {
        WeightFormat format = WeightFormat.parse(kernel.id().replaceFirst("\\..*", ""));
        List<String> held =
                IntStream.range(0, kernel.holder().parts().size())
                        .mapToObj(i -> "h[" + i + "]")
                        .toList();
        String run =
                """
                def run(self: %s, x: List[Tensor], n: List[int], w: List[Tensor], p: List[%s]) -> List[Tensor]:
                  h = self.%s(x[0], x[1])
                  return [%s]
                """
                        .formatted(
                                Script.CLASS,
                                Script.PACKED,
                                kernel.holder().pack(),
                                kernel.call("x[2]", held, "None"));
        List<String> methods =
                MetaDevice.onMeta(ScriptLibrary.storing(Set.of(kernel.function()), run));
        Shape codes = StoredShapes.codes(format, 6, HIDDEN);
        Shape scales = StoredShapes.scales(format, 6, HIDDEN);
        try (PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
                ScriptModule module = new ScriptModule(manager, methods);
                IValue zero = IValue.from(0L);
                IValue tensors = module.call("no_tensors", zero);
                IValue packed = module.call("no_packed", zero)) {
            List<NDArray> inputs =
                    List.of(
                            manager.ones(codes, StoredShapes.type(format)),
                            manager.ones(scales, DataType.FLOAT16),
                            manager.ones(new Shape(3, HIDDEN)));
            assertThat(module.run(manager, inputs, new long[0], tensors, packed).get(0))
                    .hasShape(new Shape(3, 6));
        }
    }

    static Stream<LinearKernel> kernels() {
        return LinearKernel.ofAnyDevice().stream();
    }

    /** The weights of a format alone are rounded: the result is that of the rounded weights. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_int8_isThatOfTheRoundedWeights(NDManager manager) {
        Twins<CausalLanguageModel> twins =
                Twins.of(
                        () -> Decoders.languageModel(config()),
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults()
                                .withWeights(WeightFormat.INT8)
                                .forAnyDevice()
                                .demanded(),
                        new Shape(1, 1));
        NDList ids = new NDList(twins.ids(1, 2, 5));
        NDArray before = twins.plain(ids, null);
        ParameterPaths.of(twins.plain()).forEach(AnyDeviceTest::round);
        NDArray rounded = twins.plain(ids, null);
        Tolerance tolerance = Twins.tolerance(DataType.FLOAT32, HIDDEN);
        assertThat(twins.compiled(ids, null)).isCloseTo(rounded, tolerance);
        assertThat(Margin.of(HostValues.of(rounded), before, tolerance).isWithin()).isFalse();
    }

    private static void round(String path, Parameter parameter) {
        Shape shape = parameter.getShape();
        if (shape.dimension() != 2 || path.contains("mbedding")) {
            return;
        }
        int out = Math.toIntExact(shape.get(0));
        int in = Math.toIntExact(shape.get(1));
        float[] values = parameter.getArray().toFloatArray();
        float[] rounded =
                WeightFormat.INT8.pack(path, out, in, WeightRows.of(values, out, in)).toFloats();
        NDManager manager = parameter.getArray().getManager();
        try (NDArray array = manager.create(rounded, shape)) {
            parameter.getArray().muli(0).addi(array);
        }
    }

    private static CausalLanguageModel model(NDManager manager) {
        return Twins.initialized(
                Decoders.languageModel(config()), manager, DataType.FLOAT32, new Shape(1, 1));
    }

    private static DecoderConfig config() {
        return Twins.decoder(CONTEXT).setHiddenSize(HIDDEN).setFeedForwardSize(HIDDEN).build();
    }

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }
}

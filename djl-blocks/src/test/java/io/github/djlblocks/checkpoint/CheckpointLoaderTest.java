package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Progress;
import io.github.djlblocks.internal.ParameterPaths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointLoaderTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";
    private static final Shape INPUT = new Shape(1, 3);

    private static final WeightMap MAP =
            WeightMap.builder()
                    .rename("h.{i}.{kind}", "layers.{i}.{kind}")
                    .rename("head.weight", "head.weight")
                    .rename("head.bias", "head.bias")
                    .tie("head.weight", "h.1.weight")
                    .ignore("h.{i}.inv_freq")
                    .build();

    @TempDir private Path directory;
    private Path path = Path.of("");

    @BeforeEach
    void place() {
        path = directory.resolve("model.safetensors");
    }

    /** (1, 2, 3) goes through W0, b0, then W1, b1, then W1 again with bias (100, 200). */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void load_renamedAndTiedTensors_fillEveryParameter(String engine) throws Exception {
        checkpoint(StoredType.BF16).write(path);
        TinyBlock block = block();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager(engine)) {
            LoadReport report =
                    CheckpointLoader.load(block, source, MAP, manager, DataType.FLOAT32, INPUT);
            assertThat(report.loaded())
                    .containsExactly(
                            Map.entry("layers.0.weight", "h.0.weight"),
                            Map.entry("layers.0.bias", "h.0.bias"),
                            Map.entry("layers.1.weight", "h.1.weight"),
                            Map.entry("layers.1.bias", "h.1.bias"),
                            Map.entry("head.weight", "h.1.weight"),
                            Map.entry("head.bias", "head.bias"));
            assertThat(report.tied()).containsOnly(Map.entry("head.weight", "h.1.weight"));
            assertThat(report.ignored()).containsExactly("h.0.inv_freq");
            assertThat(report.hasFaults()).isFalse();
            assertThat(report.toString())
                    .isEqualTo(
                            """
                            6 parameters loaded (1 tied), 1 tensors ignored, 0 parameters missing, \
                            0 tensors unexpected, 0 shapes mismatched, 0 rejected
                              tied:
                                head.weight <- h.1.weight
                              ignored:
                                h.0.inv_freq\
                            """);
            assertThat(block.isInitialized()).isTrue();
            NDArray x = manager.create(new float[] {1, 2, 3}, INPUT);
            NDArray y =
                    block.forward(new ParameterStore(manager, false), new NDList(x), false)
                            .singletonOrThrow();
            // W0 x + b0 = (8 + 10, 26 + 20) = (18, 46)
            // W1 (18, 46) + b1 = (6*18 + 7*46 + 30, 8*18 + 9*46 + 40) = (460, 598)
            // W1 (460, 598) + (100, 200) = (2760 + 4186 + 100, 3680 + 5382 + 200)
            assertThat(y.toFloatArray()).containsExactly(7046f, 9262f);
            assertThat(array(block, "head.weight")).isNotSameAs(array(block, "layers.1.weight"));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void load_float16FileAsFloat16_fillsFloat16Parameters(String engine) throws Exception {
        checkpoint(StoredType.F16).write(path);
        TinyBlock block = block();
        // DJL cannot make a FLOAT16 gradient on MXNet.
        ParameterPaths.of(block).values().forEach(parameter -> parameter.freeze(true));
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager(engine)) {
            CheckpointLoader.load(block, source, MAP, manager, DataType.FLOAT16, INPUT);
            NDArray bias = array(block, "head.bias");
            assertThat(bias.getDataType()).isEqualTo(DataType.FLOAT16);
            assertThat(bias.toByteArray()).containsExactly(RawFile.shorts(0x5640, 0x5A40));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void load_frozenParameter_staysFrozenAndInitializersComeBack(String engine) throws Exception {
        checkpoint(StoredType.F32).write(path);
        TinyBlock block = block();
        Map<String, Parameter> parameters = ParameterPaths.of(block);
        Parameter frozen = parameter(parameters, "layers.0.weight");
        frozen.freeze(true);
        List<Initializer> initializers = new ArrayList<>();
        parameters.values().forEach(parameter -> initializers.add(parameter.getInitializer()));
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager(engine)) {
            CheckpointLoader.load(block, source, MAP, manager, DataType.FLOAT32, INPUT);
            assertThat(frozen.requiresGradient()).isFalse();
            assertThat(frozen.getArray().hasGradient()).isFalse();
            assertThat(array(block, "layers.0.bias").hasGradient()).isTrue();
        }
        assertThat(parameters.values())
                .extracting(Parameter::getInitializer)
                .isEqualTo(initializers);
    }

    @Test
    void load_everyKindOfFault_isReportedAtOnceBeforeAnythingIsAllocated() throws Exception {
        new SafetensorsWriter()
                .add("h.0.weight", count(0, 6), new Shape(3, 2), StoredType.F32)
                .add("h.0.bias", count(0, 2), new Shape(2), StoredType.I64)
                .add("h.1.bias", count(0, 2), new Shape(2), StoredType.F32)
                .add("h.1.inv_freq", count(0, 2), new Shape(2), StoredType.F32)
                .add("h.1.gate", count(0, 2), new Shape(2), StoredType.F32)
                .add("stray", count(0, 2), new Shape(2), StoredType.F32)
                .add("head.bias", count(0, 2), new Shape(2), StoredType.F32)
                .add("last.bias", count(0, 2), new Shape(2), StoredType.F32)
                .write(path);
        WeightMap map =
                WeightMap.builder()
                        .rename("h.{i}.{kind}", "layers.{i}.{kind}")
                        .rename("{any}.bias", "head.bias")
                        .ignore("h.{i}.inv_freq")
                        .tie("head.weight", "h.1.weight")
                        .build();
        TinyBlock block = block();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            assertThatThrownBy(
                            () ->
                                    CheckpointLoader.load(
                                            block, source, map, manager, DataType.FLOAT32, INPUT))
                    .isInstanceOf(MalformedModelException.class)
                    .hasMessage(
                            path
                                    + " (8 tensors) does not fit the block: correct the weight map,"
                                    + " or the sizes the block is built with\n"
                                    + """
                                    4 parameters loaded (0 tied), 1 tensors ignored, 2 parameters missing, \
                                    2 tensors unexpected, 1 shapes mismatched, 2 rejected
                                      ignored:
                                        h.1.inv_freq
                                      missing:
                                        layers.1.weight
                                        head.weight
                                      unexpected:
                                        h.1.gate: belongs to layers.1.gate, which the block does not have
                                        stray: no pattern renames or ignores it
                                      mismatched:
                                        layers.0.weight (2, 3) <- h.0.weight (3, 2)
                                      rejected:
                                        parameter head.bias would be filled by both 'head.bias' and \
                                    'last.bias': ignore one of them
                                        tensor 'h.0.bias' is stored as I64 and cannot be read as float32: \
                                    ask for one of [int64]\
                                    """);
            assertThat(manager.getManagedArrays()).isEmpty();
        }
        assertThat(ParameterPaths.of(block).values()).noneMatch(Parameter::isInitialized);
    }

    @Test
    void load_tieWhoseParameterHasItsOwnTensor_leavesTheOtherTensorUnexpected() throws Exception {
        new SafetensorsWriter()
                .add("own", count(1, 2), new Shape(2), StoredType.F32)
                .add("spare", count(2, 2), new Shape(2), StoredType.F32)
                .write(path);
        WeightMap map = WeightMap.builder().rename("own", "w").tie("w", "spare").build();
        assertFault(
                TinyBlock.tree().with("w", new Shape(2)),
                map,
                "  unexpected:\n    spare: no pattern renames or ignores it");
    }

    @Test
    void load_tieToATensorWithoutRule_countsItAsUsed() throws Exception {
        new SafetensorsWriter().add("own", count(7, 2), new Shape(2), StoredType.F32).write(path);
        TinyBlock block = TinyBlock.tree().with("w", new Shape(2));
        WeightMap map = WeightMap.builder().tie("w", "own").tie("elsewhere", "own").build();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            LoadReport report =
                    CheckpointLoader.load(block, source, map, manager, DataType.FLOAT32, INPUT);
            assertThat(report.tied()).containsOnly(Map.entry("w", "own"));
            assertThat(report.unexpected()).isEmpty();
            assertThat(array(block, "w").toFloatArray()).containsExactly(7f, 8f);
        }
    }

    @Test
    void load_sharedParameter_isFilledOnceUnderAnyOfItsPaths() throws Exception {
        new SafetensorsWriter().add("b.w", count(5, 2), new Shape(2), StoredType.F32).write(path);
        TinyBlock first = TinyBlock.tree().with("w", new Shape(2));
        TinyBlock second = TinyBlock.tree().with(first.getDirectParameters().get("w"));
        TinyBlock block = TinyBlock.tree().with("a", first).with("b", second);
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            LoadReport report =
                    CheckpointLoader.load(
                            block, source, WeightMap.identity(), manager, DataType.FLOAT32, INPUT);
            assertThat(report.loaded()).containsOnly(Map.entry("a.w", "b.w"));
            assertThat(array(block, "a.w").toFloatArray()).containsExactly(5f, 6f);
            assertThat(manager.getManagedArrays()).hasSize(1);
        }
    }

    @Test
    void load_parameterWithoutShape_isRejected() throws Exception {
        new SafetensorsWriter().add("w", count(0, 2), new Shape(2), StoredType.F32).write(path);
        Parameter shapeless =
                Parameter.builder().setName("w").setType(Parameter.Type.WEIGHT).build();
        assertFault(
                TinyBlock.tree().with(shapeless),
                WeightMap.identity(),
                "parameter w has no shape yet: its block must set it when it is constructed");
    }

    @Test
    void load_initializedBlock_isRefusedAndLeftAlone() throws Exception {
        checkpoint(StoredType.F32).write(path);
        TinyBlock block = block();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            block.setInitializer(Initializer.ONES, parameter -> true);
            block.initialize(manager, DataType.FLOAT32, INPUT);
            assertThatThrownBy(
                            () ->
                                    CheckpointLoader.load(
                                            block, source, MAP, manager, DataType.FLOAT32, INPUT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "parameter layers.0.weight is initialized already: clear() the block"
                                    + " first");
            assertThat(block.isInitialized()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void load_failureHalfway_closesEverythingItMade(String engine) throws Exception {
        checkpoint(StoredType.F32).write(path);
        TinyBlock block = block();
        Map<String, Parameter> parameters = ParameterPaths.of(block);
        Initializer initializer = parameter(parameters, "head.bias").getInitializer();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager(engine)) {
            int before = manager.getManagedArrays().size();
            Recorder stopsAtFour =
                    new Recorder() {
                        @Override
                        public void increment(long increment) {
                            super.increment(increment);
                            if (events.size() == 6) {
                                throw new IllegalStateException("told to stop");
                            }
                        }
                    };
            assertThatThrownBy(
                            () ->
                                    CheckpointLoader.load(
                                            block,
                                            source,
                                            MAP,
                                            manager,
                                            DataType.FLOAT32,
                                            stopsAtFour,
                                            INPUT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("told to stop");
            assertThat(stopsAtFour.events)
                    .containsExactly("reset 6", "start 0", "+1", "+1", "+1", "+1");
            assertThat(manager.getManagedArrays()).hasSize(before);
            assertThat(parameters.values()).noneMatch(Parameter::isInitialized);
            assertThat(block.isInitialized()).isFalse();
            assertThat(parameter(parameters, "head.bias").getInitializer()).isSameAs(initializer);
        }
    }

    @Test
    void load_progress_countsParameters() throws Exception {
        checkpoint(StoredType.F32).write(path);
        Recorder progress = new Recorder();
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            CheckpointLoader.load(block(), source, MAP, manager, DataType.FLOAT32, progress, INPUT);
        }
        assertThat(progress.events)
                .containsExactly("reset 6", "start 0", "+1", "+1", "+1", "+1", "+1", "+1", "end");
    }

    @Test
    void report_manyEntries_showsTwenty() {
        List<String> missing = IntStream.range(0, 25).mapToObj(i -> "p" + i).toList();
        LoadReport report =
                new LoadReport(
                        Map.of(), Map.of(), List.of(), missing, Map.of(), List.of(), List.of());
        assertThat(report.hasFaults()).isTrue();
        assertThat(report.toString()).endsWith("    p18\n    p19\n    ... and 5 more");
    }

    private void assertFault(TinyBlock block, WeightMap map, String message) throws Exception {
        try (TensorSource source = Checkpoints.open(path);
                NDManager manager = Engines.manager("PyTorch")) {
            assertThatThrownBy(
                            () ->
                                    CheckpointLoader.load(
                                            block, source, map, manager, DataType.FLOAT32, INPUT))
                    .isInstanceOf(MalformedModelException.class)
                    .hasMessageContaining(message);
        }
    }

    private static TinyBlock block() {
        Shape bias = new Shape(2);
        return TinyBlock.tree()
                .with("layers.0", TinyBlock.affine(new Shape(2, 3), bias))
                .with("layers.1", TinyBlock.affine(new Shape(2, 2), bias))
                .with("head", TinyBlock.affine(new Shape(2, 2), bias));
    }

    private static SafetensorsWriter checkpoint(StoredType type) {
        return new SafetensorsWriter()
                .add("h.0.weight", count(0, 6), new Shape(2, 3), type)
                .add("h.0.bias", new double[] {10, 20}, new Shape(2), type)
                .add("h.0.inv_freq", new double[] {0.1}, new Shape(1), StoredType.F32)
                .add("h.1.weight", count(6, 4), new Shape(2, 2), type)
                .add("h.1.bias", new double[] {30, 40}, new Shape(2), type)
                .add("head.bias", new double[] {100, 200}, new Shape(2), type);
    }

    private static double[] count(int first, int count) {
        return IntStream.range(first, first + count).asDoubleStream().toArray();
    }

    private static NDArray array(TinyBlock block, String path) {
        return parameter(ParameterPaths.of(block), path).getArray();
    }

    private static Parameter parameter(Map<String, Parameter> parameters, String path) {
        Parameter parameter = parameters.get(path);
        assertThat(parameter).as(path).isNotNull();
        return parameter;
    }

    private static class Recorder implements Progress {

        final List<String> events = new ArrayList<>();

        @Override
        public void reset(String message, long max, @Nullable String trailingMessage) {
            events.add("reset " + max);
        }

        @Override
        public void start(long initialProgress) {
            events.add("start " + initialProgress);
        }

        @Override
        public void end() {
            events.add("end");
        }

        @Override
        public void increment(long increment) {
            events.add("+" + increment);
        }

        @Override
        public void update(long progress, @Nullable String message) {
            events.add("at " + progress);
        }
    }
}

package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.LearnedScale;
import io.github.djlblocks.kernel.LayerNormSpec;
import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import io.github.djlblocks.layer.LayerScale;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.GroupNorm;
import io.github.djlblocks.norm.InstanceNorm;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.norm.ScaleNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How norms start, where they end, and what they refuse. */
class NormTest {

    private static final int E = 4;

    private static Map<String, NDArray> initialized(NDManager manager, Block block) {
        block.initialize(manager, DataType.FLOAT32, new Shape(2, E, 3, E));
        return Gradients.parameters(block);
    }

    private static double[] value(Map<String, NDArray> parameters, String name) {
        return HostValues.of(Objects.requireNonNull(parameters.get(name), name));
    }

    @EachEngine
    void initialize_everyNorm_startsAsItsReference(NDManager manager) {
        double rootOfTwo = (float) Math.sqrt(2);
        Map<String, NDArray> scale = initialized(manager, scaleNorm().setChannels(E).build());
        assertThat(value(scale, "weight")).containsExactly(2);
        Map<String, NDArray> relative =
                initialized(manager, scaleNorm().setChannels(E).optRelativeGain(true).build());
        assertThat(value(relative, "weight")).containsExactly(1);
        Map<String, NDArray> offset =
                initialized(
                        manager, LayerNorm.builder().setChannels(E).optUnitOffset(true).build());
        assertThat(value(offset, "weight")).containsExactly(0, 0, 0, 0);
        Map<String, NDArray> rms =
                initialized(manager, RmsNorm.builder().setChannels(E).optBias(true).build());
        assertThat(value(rms, "weight")).containsExactly(1, 1, 1, 1);
        assertThat(value(rms, "bias")).containsExactly(0, 0, 0, 0);
        Map<String, NDArray> group =
                initialized(manager, GroupNorm.builder().setGroups(2).setChannels(E).build());
        assertThat(value(group, "weight")).containsExactly(1, 1, 1, 1);
        assertThat(value(group, "bias")).containsExactly(0, 0, 0, 0);
        assertThat(initialized(manager, InstanceNorm.builder().setChannels(E).build())).isEmpty();
        assertThat(value(initialized(manager, LearnedScale.of(Math.sqrt(2))), "weight"))
                .containsExactly(rootOfTwo);
        assertThat(value(initialized(manager, LayerScale.of(E, 1e-5)), "weight"))
                .containsOnly((float) 1e-5)
                .hasSize(E);
        assertThat(
                        value(
                                initialized(
                                        manager,
                                        DynamicTanh.builder()
                                                .setChannels(E)
                                                .optInitialAlpha(
                                                        DynamicTanh.LlmAlphas.of(4096).attention())
                                                .build()),
                                "alpha"))
                .containsExactly((float) 0.8);
    }

    private static ScaleNorm.Builder scaleNorm() {
        return ScaleNorm.builder();
    }

    /** Tables of the paper: Llama 7B, 13B, 34B and 70B, and the study of widths. */
    @Test
    void llmAlphas_widthsOfThePaper_areItsNumbers() {
        assertThat(DynamicTanh.LlmAlphas.of(1024)).isEqualTo(new DynamicTanh.LlmAlphas(1, 1));
        assertThat(DynamicTanh.LlmAlphas.of(2048)).isEqualTo(new DynamicTanh.LlmAlphas(1, 0.5));
        assertThat(DynamicTanh.LlmAlphas.of(4096)).isEqualTo(new DynamicTanh.LlmAlphas(0.8, 0.2));
        assertThat(DynamicTanh.LlmAlphas.of(5120)).isEqualTo(new DynamicTanh.LlmAlphas(0.6, 0.15));
        assertThat(DynamicTanh.LlmAlphas.of(8192)).isEqualTo(new DynamicTanh.LlmAlphas(0.2, 0.05));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DynamicTanh.LlmAlphas.of(3000))
                .withMessage(
                        "width (3000) is none of the paper's, [1024, 2048, 4096, 5120, 8192]:"
                                + " choose with new LlmAlphas(attention, other)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DynamicTanh.LlmAlphas(1, 0))
                .withMessage("other (0.0) must be a finite number above 0");
    }

    private static List<Block> everyNorm() {
        return List.of(
                RmsNorm.builder().setChannels(E).build(),
                RmsNorm.builder()
                        .setChannels(E)
                        .optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT)
                        .build(),
                RmsNorm.builder()
                        .setChannels(E)
                        .optEpsilonPlacement(EpsilonPlacement.CLAMPED_NORM)
                        .build(),
                RmsNorm.builder().setChannels(E).optPartial(0.5).build(),
                LayerNorm.builder().setChannels(E).build(),
                LayerNorm.builder()
                        .setChannels(E)
                        .optEpsilonPlacement(LayerNormSpec.EpsilonPlacement.OUTSIDE_ROOT)
                        .optUnbiased(true)
                        .build(),
                scaleNorm().setChannels(E).build(),
                scaleNorm().setChannels(E).optRelativeGain(true).build(),
                GroupNorm.builder().setGroups(2).setChannels(E).build(),
                InstanceNorm.builder().setChannels(E).build(),
                DynamicTanh.builder().setChannels(E).build());
    }

    /** rms 1e18 sqrt(6); mean 1e18, deviations 1, 3, -1, -3 times 1e18, their rms sqrt(5). */
    @EachEngine
    void forward_rowsOf1e18_areRight(EngineUnderTest engine, NDManager manager) {
        double[] row = {2, 4, 0, -2};
        Block rms = RmsNorm.builder().setChannels(E).build();
        Block layer = LayerNorm.builder().setChannels(E).build();
        assertThat(run(engine, manager, rms, 1e18, row).output())
                .usingElementComparator(close())
                .containsExactly(0.816496580927726, 1.632993161855452, 0.0, -0.816496580927726);
        assertThat(run(engine, manager, layer, 1e18, row).output())
                .usingElementComparator(close())
                .containsExactly(
                        0.4472135954999579,
                        1.3416407864998738,
                        -0.4472135954999579,
                        -1.3416407864998738);
    }

    /** The sum of the squares is infinite. PyTorch divides by it; MXNet's sum of it is NaN. */
    @EachEngine
    void forward_rowsBeyondTheRange_areZeroAsInTheReferencesOrSeenToBeWrong(
            EngineUnderTest engine, NDManager manager) {
        double[] row = {2, 4, 0, -2};
        for (Block block : everyNorm()) {
            if (block instanceof DynamicTanh) {
                continue;
            }
            Result beyond = run(engine, manager, block, 2e19, row);
            if (engine.engineName().equals("MXNet")) {
                assertThat(beyond.output()).as("%s", block).allMatch(v -> v.isNaN());
            } else {
                assertThat(beyond.output()).as("%s", block).allMatch(v -> v == 0);
                assertThat(beyond.gradient())
                        .as("gradient of %s", block)
                        .allMatch(Double::isFinite);
            }
        }
    }

    /** A row of zeros, a row of one number, and rows whose squares underflow. */
    @EachEngine
    void backward_degenerateRows_staysFinite(EngineUnderTest engine, NDManager manager) {
        for (Block block : everyNorm()) {
            for (double[] row : List.of(new double[E], new double[] {3, 3, 3, 3})) {
                assertFinite(engine, manager, block, 1, row);
            }
            assertFinite(engine, manager, block, 1e-30, new double[] {1, -2, 3, 5});
            assertFinite(engine, manager, block, 1e-42, new double[] {1, -2, 3, 5});
        }
    }

    private static void assertFinite(
            EngineUnderTest engine, NDManager manager, Block block, double size, double[] row) {
        Result result = run(engine, manager, block, size, row);
        assertThat(result.output())
                .as("%s of %s", block, Arrays.toString(row))
                .allMatch(Double::isFinite);
        assertThat(result.gradient())
                .as("gradient of %s at %s", block, Arrays.toString(row))
                .allMatch(Double::isFinite);
    }

    private record Result(List<Double> output, List<Double> gradient) {}

    private static Comparator<Double> close() {
        return (a, b) -> Math.abs(a - b) < 1e-6 ? 0 : Double.compare(a, b);
    }

    private static List<Double> boxed(double @Nullable [] values) {
        return Arrays.stream(Objects.requireNonNull(values)).boxed().toList();
    }

    /** Of blocks with channels on axis 1 the row is every channel, of one position. */
    private static Result run(
            EngineUnderTest engine, NDManager manager, Block block, double size, double[] row) {
        boolean second = block instanceof GroupNorm || block instanceof InstanceNorm;
        int repeats = second ? E : 1;
        float[] values = new float[E * repeats];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (size * row[i % E]);
        }
        Shape shape = second ? new Shape(1, E, E) : new Shape(1, E);
        NDArray x = manager.create(values, shape);
        if (!block.isInitialized()) {
            block.initialize(manager, DataType.FLOAT32, shape);
        }
        double[] r = new double[values.length];
        for (int i = 0; i < r.length; i++) {
            r[i] = 1 + i % 3;
        }
        double[][] output = new double[1][];
        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("x", x),
                        r,
                        () -> {
                            NDArray y =
                                    block.forward(
                                                    new ParameterStore(manager, false),
                                                    new NDList(x),
                                                    true,
                                                    new PairList<>())
                                            .singletonOrThrow();
                            output[0] = HostValues.of(y);
                            return y;
                        });
        return new Result(boxed(output[0]), boxed(gradients.get("x")));
    }

    /** Something that must not succeed. */
    @FunctionalInterface
    interface Attempt {
        Object run();
    }

    private static Arguments refused(String message, Attempt attempt) {
        return arguments(message, attempt);
    }

    static Stream<Arguments> impossible() {
        Shape wrong = new Shape(2, 3, 5);
        return Stream.of(
                refused(
                        "normalizedShape () must have at least one axis",
                        () -> LayerNorm.builder().setNormalizedShape().build()),
                refused(
                        "normalizedShape (3, 0) must have extents of at least 1",
                        () -> RmsNorm.builder().setNormalizedShape(3, 0).build()),
                refused(
                        "unbiased (true) needs at least 2 elements to normalise over, not 1: it"
                                + " divides by one less",
                        () -> LayerNorm.builder().setChannels(1).optUnbiased(true).build()),
                refused(
                        "unitOffset (true) needs a weight (false): it is the weight that 1 is added"
                                + " to",
                        () ->
                                LayerNorm.builder()
                                        .setChannels(3)
                                        .optUnitOffset(true)
                                        .optWeight(false)
                                        .build()),
                refused(
                        "partial (0.0) must be above 0 and at most 1",
                        () -> RmsNorm.builder().setChannels(3).optPartial(0).build()),
                refused(
                        "partial (1.5) must be above 0 and at most 1",
                        () -> RmsNorm.builder().setChannels(3).optPartial(1.5).build()),
                refused(
                        "partial (0.2) of 4 channels leaves none to measure: it must be at least"
                                + " 0.25",
                        () -> RmsNorm.builder().setChannels(4).optPartial(0.2).build()),
                refused(
                        "channels (10) must be a multiple of groups (3)",
                        () -> GroupNorm.builder().setGroups(3).setChannels(10).build()),
                refused(
                        "groups (0) must be at least 1",
                        () -> GroupNorm.builder().setChannels(10).build()),
                refused(
                        "channels (0) must be at least 1",
                        () -> GroupNorm.builder().setGroups(3).build()),
                refused("channels (0) must be at least 1", () -> InstanceNorm.builder().build()),
                refused("channels (0) must be at least 1", () -> scaleNorm().build()),
                refused(
                        "epsilon (0.0) must be a finite number above 0",
                        () -> scaleNorm().setChannels(3).optEpsilon(0).build()),
                refused(
                        "channelsFirst (true) takes one axis of channels, not 2: call setChannels",
                        () ->
                                DynamicTanh.builder()
                                        .setNormalizedShape(3, 4)
                                        .optChannelsFirst(true)
                                        .build()),
                refused("initial (NaN) must be finite", () -> LearnedScale.of(Double.NaN)),
                refused("initial (Infinity) must be finite", () -> LayerScale.of(2, 1 / 0.0)),
                refused("channels (-4) must be at least 1", () -> LayerScale.of(-4, 1)),
                refused(
                        "LayerNorm: the last axes of the input (2, 3, 5) must be normalizedShape"
                                + " (3, 4)",
                        () -> shapes(LayerNorm.builder().setNormalizedShape(3, 4).build(), wrong)),
                refused(
                        "RmsNorm: the last axes of the input (5) must be normalizedShape (3, 5)",
                        () ->
                                shapes(
                                        RmsNorm.builder().setNormalizedShape(3, 5).build(),
                                        new Shape(5))),
                refused(
                        "GroupNorm: axis 1 of the input (2, 3, 5) must be channels (4)",
                        () ->
                                shapes(
                                        GroupNorm.builder().setGroups(2).setChannels(4).build(),
                                        wrong)),
                refused(
                        "DynamicTanh: axis 1 of the input (3) must be channels (3)",
                        () ->
                                shapes(
                                        DynamicTanh.builder()
                                                .setChannels(3)
                                                .optChannelsFirst(true)
                                                .build(),
                                        new Shape(3))),
                refused(
                        "InstanceNorm: the input (2, 3, 1) has 1 position a channel, expected at"
                                + " least 2: x (B, 3, ...)",
                        () ->
                                shapes(
                                        InstanceNorm.builder().setChannels(3).build(),
                                        new Shape(2, 3, 1))),
                refused(
                        "InstanceNorm: the input (2, 3) has 1 position a channel, expected at least"
                                + " 2: x (B, 3, ...)",
                        () ->
                                shapes(
                                        InstanceNorm.builder().setChannels(3).build(),
                                        new Shape(2, 3))));
    }

    private static Object shapes(Block block, Shape x) {
        return block.getOutputShapes(new Shape[] {x});
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("impossible")
    void build_impossible_saysWhy(String message, Attempt attempt) {
        assertThatIllegalArgumentException().isThrownBy(attempt::run).withMessage(message);
    }

    @Test
    void getOutputShapes_unknownSizes_arePassed() {
        Shape unknown = new Shape(-1, -1, -1);
        for (Block block :
                List.of(
                        LayerNorm.builder().setNormalizedShape(3, 4).build(),
                        GroupNorm.builder().setGroups(2).setChannels(4).build(),
                        InstanceNorm.builder().setChannels(4).build())) {
            assertThat(block.getOutputShapes(new Shape[] {unknown})).containsExactly(unknown);
            Shape image = new Shape(2, -1, -1, -1);
            assertThat(block.getOutputShapes(new Shape[] {image})).containsExactly(image);
        }
    }
}

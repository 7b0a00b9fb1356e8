package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.AttentionInputs;
import io.github.djlblocks.kernel.AttentionOutput;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.AttentionStage;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.Tolerance;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The primitive of attention against the cases of ONNX operator {@code Attention}. */
@EnabledIf(
        value = "io.github.djlblocks.goldens.OnnxCase#present",
        disabledReason = "the ONNX cases are not part of this repository: -Ddjlblocks.onnx=FOLDER")
class OnnxAttentionTest {

    /** How the names of the cases start that are tested here. */
    static final List<String> PREFIXES = List.of("test_attention_", "test_flexattention_fp16");

    private static final int QUERY = 0;
    private static final int MASK = 3;
    private static final int PAST_KEY = 4;
    private static final int PAST_VALUE = 5;
    private static final int LENGTHS = 6;
    private static final double BLOCKED = -5e29;

    static Stream<Arguments> cases() {
        return OnnxCase.onEveryEngine(PREFIXES.toArray(String[]::new));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void attention_caseOfTheOperator_givesItsOutputs(String name, EngineUnderTest engine)
            throws Exception {
        try (NDManager manager = engine.newManager();
                OnnxCase onnx = OnnxCase.open(name)) {
            boolean half = onnx.outputType(0) == DataType.FLOAT16;
            if (half && engine.engineName().equals("MXNet") && !engine.device().isGpu()) {
                assertThatThrownBy(() -> compare(onnx, manager))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("has no matrix product for FLOAT16");
                return;
            }
            compare(onnx, manager);
        }
    }

    private static void compare(OnnxCase onnx, NDManager manager) {
        NDArray q = heads(onnx, QUERY, "q_num_heads", manager);
        NDArray k = heads(onnx, 1, "kv_num_heads", manager);
        NDArray v = heads(onnx, 2, "kv_num_heads", manager);
        Kernels kernels = Kernels.of(q);
        long past = 0;
        if (onnx.hasInput(PAST_KEY)) {
            past = onnx.inputShape(PAST_KEY).get(2);
            k = kernels.appendTime(onnx.input(PAST_KEY, manager), k);
            v = kernels.appendTime(onnx.input(PAST_VALUE, manager), v);
        }
        long s = q.getShape().get(2);
        long t = k.getShape().get(2);
        AttentionSpec spec =
                AttentionSpec.of(onnx.number("scale", 1 / Math.sqrt((double) q.getShape().get(3))))
                        .withSoftcap(onnx.number("softcap", 0))
                        .withCausal(onnx.integer("is_causal", 0) == 1)
                        .withOffset(past)
                        .withReturned(onnx.hasOutput(3) ? stage(onnx) : null);
        AttentionInputs inputs = AttentionInputs.of(q, k, v).withMask(mask(onnx, t, manager));
        if (onnx.hasInput(LENGTHS)) {
            NDArray lengths = onnx.input(LENGTHS, manager);
            // Each query stands where its row ends; without causality the ends alone hide keys.
            inputs = inputs.withOffsets(lengths.sub(s));
            NDArray mask = kernels.lengthMask(lengths, t);
            inputs = withLengths(inputs, kernels, mask);
        }

        AttentionOutput output = kernels.attention(inputs, spec);

        DataType type = onnx.outputType(0);
        long terms = q.getShape().get(3) + 2 * t;
        Tolerance tolerance = Tolerance.of(type, terms, 4);
        boolean flat = onnx.outputShape(0).dimension() == 3;
        onnx.assertOutput(
                0, flat ? kernels.mergeHeads(output.values()) : output.values(), tolerance);
        if (onnx.hasOutput(1)) {
            onnx.assertOutput(1, k, Tolerance.of(type, 1, 1));
            onnx.assertOutput(2, v, Tolerance.of(type, 1, 1));
        }
        if (onnx.hasOutput(3)) {
            assertScores(onnx, Objects.requireNonNull(output.scores()), tolerance);
        }
    }

    /** A mask that hides by the length of the row, besides the one that is given. */
    private static AttentionInputs withLengths(
            AttentionInputs inputs, Kernels kernels, NDArray lengths) {
        NDArray mask = inputs.mask();
        if (mask == null) {
            return inputs.withMask(lengths);
        }
        return mask.getDataType() == DataType.BOOLEAN
                ? inputs.withMask(kernels.bothMasks(mask, lengths))
                : inputs.withMask(lengths).withBias(mask);
    }

    private static NDArray heads(OnnxCase onnx, int position, String heads, NDManager manager) {
        NDArray array = onnx.input(position, manager);
        return array.getShape().dimension() == 4
                ? array
                : Kernels.of(array).splitHeads(array, onnx.integer(heads, 0));
    }

    /** A mask of fewer keys than there are hides the rest. */
    private static @Nullable NDArray mask(OnnxCase onnx, long t, NDManager manager) {
        if (!onnx.hasInput(MASK)) {
            return null;
        }
        NDArray mask = onnx.input(MASK, manager);
        Shape shape = mask.getShape();
        int last = shape.dimension() - 1;
        if (shape.get(last) == t) {
            return mask;
        }
        assertThat(mask.getDataType()).isEqualTo(DataType.FLOAT32);
        Shape rest = shape.slice(0, last).add(t - shape.get(last));
        return mask.concat(manager.full(rest, Float.NEGATIVE_INFINITY), last);
    }

    private static AttentionStage stage(OnnxCase onnx) {
        return switch (onnx.integer("qk_matmul_output_mode", 0)) {
            case 0 -> AttentionStage.SCORES;
            case 1 -> AttentionStage.CAPPED;
            case 2 -> AttentionStage.BIASED;
            case 3 -> AttentionStage.PROBABILITIES;
            default -> throw new IllegalArgumentException("no such mode in " + onnx);
        };
    }

    /** Hidden scores are minus infinity there and -1e30 or less here. */
    private static void assertScores(OnnxCase onnx, NDArray scores, Tolerance tolerance) {
        double[] expected = onnx.outputValues(3);
        double[] found = HostValues.of(scores);
        assertThat(scores.getShape()).isEqualTo(onnx.outputShape(3));
        for (int i = 0; i < found.length; i++) {
            if (expected[i] == Double.NEGATIVE_INFINITY) {
                assertThat(found[i]).isLessThan(BLOCKED);
                found[i] = 0;
                expected[i] = 0;
            }
        }
        Margin margin = Margin.of(expected, found, scores.getShape(), tolerance);
        assertThat(margin).matches(Margin::isWithin, "every score is close");
    }
}

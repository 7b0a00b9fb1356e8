package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The constants of arXiv 2203.00555, figure 2, and how the weights start. */
class DeepNormTest {

    private static final int E = 64;
    private static final DeepNorm.Constants CONSTANTS = new DeepNorm.Constants(2, 0.3);

    /** Depths whose roots are whole or known: 2 * 8 = 2^4, 8 * 8 = 2^6, 3 * 27 = 3^4, 12 * 27. */
    @Test
    void constants_ofDepthsWithKnownRoots_areThose() {
        DeepNorm.Constants decoderOnly = DeepNorm.Constants.decoderOnly(8);
        assertThat(decoderOnly.alpha()).isCloseTo(2, within(1e-15));
        // 2^(-3/2)
        assertThat(decoderOnly.beta()).isCloseTo(0.3535533905932738, within(1e-15));

        // 200 layers: 400^(1/4) = sqrt(20), 1600^(-1/4) = 1 / sqrt(40)
        DeepNorm.Constants encoderOnly = DeepNorm.Constants.encoderOnly(200);
        assertThat(encoderOnly.alpha()).isCloseTo(4.47213595499958, within(1e-14));
        assertThat(encoderOnly.beta()).isCloseTo(0.15811388300841897, within(1e-15));

        // (4^4 * 256)^(1/16) = 2
        DeepNorm.Constants encoder = DeepNorm.Constants.encoder(4, 256);
        assertThat(encoder.alpha()).isCloseTo(1.62, within(1e-14));
        assertThat(encoder.beta()).isCloseTo(0.435, within(1e-15));

        // 81^(1/4) = 3, 324^(-1/4) = 1 / sqrt(18)
        DeepNorm.Constants decoder = DeepNorm.Constants.decoder(27);
        assertThat(decoder.alpha()).isCloseTo(3, within(1e-14));
        assertThat(decoder.beta()).isCloseTo(0.23570226039551587, within(1e-15));
    }

    /**
     * What torchscale (4d1e0e82) computed for an encoder of three layers; its divisor is 1 / beta.
     */
    @Test
    void constants_ofAnEncoderOfTorchscale_areItsOwn() {
        DeepNorm.Constants encoder = DeepNorm.Constants.encoderOnly(3);
        assertThat(encoder.alpha()).isCloseTo(1.5650845800732873, within(1e-15));
        assertThat(1 / encoder.beta()).isCloseTo(2.2133638858795166, within(2.2 * 0x1p-24));
    }

    /** Queries come from x, keys and values from a memory of another width. */
    @EachEngine(dataTypes = DataType.FLOAT32)
    void initialize_crossAttention_haveTheDeviationOfTheirGain(
            NDManager manager, DataType dataType) {
        MultiHeadAttention attention =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withBias(E, 96),
                                Linear.withBias(80, 96),
                                Linear.withBias(80, 96),
                                Linear.withBias(96, E))
                        .setQueryHeads(4)
                        .optCross(true)
                        .build();
        Block norm = LayerNorm.builder().setChannels(E).build();
        DeepNorm block = DeepNorm.of(norm, attention, DeepNorm.Constants.decoder(27));
        block.initialize(manager, dataType, new Shape(1, 2, E), new Shape(1, 3, 80));

        // 12 * 27 = 324 = 18^2
        double beta = 1 / Math.sqrt(18);
        assertDeviation(block, "sublayer.query.weight", 1, E + 96);
        assertDeviation(block, "sublayer.key.weight", 1, 80 + 96);
        assertDeviation(block, "sublayer.value.weight", beta, 80 + 96);
        assertDeviation(block, "sublayer.output.weight", beta, E + 96);
    }

    @Test
    void of_fusedProjections_asksForThree() {
        MultiHeadAttention fused =
                MultiHeadAttention.builder()
                        .setFusedProjection(
                                Linear.withBias(E, 3 * E),
                                FusedHeadLayout.QUERY_KEY_VALUE,
                                Linear.withBias(E, E))
                        .setQueryHeads(4)
                        .build();
        Block norm = LayerNorm.builder().setChannels(E).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeepNorm.of(norm, fused, CONSTANTS))
                .withMessage(
                        "parameter queryKeyValue.weight is queries, keys and values in one, but"
                                + " DeepNorm starts values smaller than the others: build the"
                                + " attention with three projections");
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void initialize_weights_haveTheDeviationOfTheirGain(NDManager manager, DataType dataType) {
        MultiHeadAttention attention =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withBias(E, 96),
                                Linear.withBias(E, 48),
                                Linear.withBias(E, 48),
                                Linear.withBias(96, E))
                        .setQueryHeads(4)
                        .optKeyValueHeads(2)
                        .build();
        GatedFeedForward feedForward =
                GatedFeedForward.of(
                        Linear.withBias(E, 80), Linear.withBias(E, 80), Linear.withBias(80, E));
        Block norm = LayerNorm.builder().setChannels(E).build();
        Block other = LayerNorm.builder().setChannels(E).build();
        DeepNorm first = DeepNorm.of(norm, attention, CONSTANTS);
        DeepNorm second = DeepNorm.of(other, feedForward, CONSTANTS);
        first.initialize(manager, dataType, new Shape(1, 2, E));
        second.initialize(manager, dataType, new Shape(1, 2, E));

        assertDeviation(first, "sublayer.query.weight", 1, E + 96);
        assertDeviation(first, "sublayer.key.weight", 1, E + 48);
        assertDeviation(first, "sublayer.value.weight", 0.3, E + 48);
        assertDeviation(first, "sublayer.output.weight", 0.3, E + 96);
        assertDeviation(second, "sublayer.gate.weight", 0.3, E + 80);
        assertDeviation(second, "sublayer.up.weight", 0.3, E + 80);
        assertDeviation(second, "sublayer.down.weight", 0.3, E + 80);
        assertThat(values(first, "sublayer.query.bias")).containsOnly(0);
        assertThat(values(first, "norm.weight")).containsOnly(1);
    }

    /**
     * The deviation of n normal numbers scatters by {@code 1 / sqrt(2 n)} of itself and their mean
     * by {@code 1 / sqrt(n)}; six times that is left on either side, which one sample in 10^9
     * exceeds.
     */
    private static void assertDeviation(Block block, String path, double gain, int fans) {
        double[] values = values(block, path);
        double expected = gain * Math.sqrt(2.0 / fans);
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance =
                Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        assertThat(Math.sqrt(variance))
                .as("deviation of %s", path)
                .isCloseTo(expected, within(6 * expected / Math.sqrt(2.0 * values.length)));
        assertThat(mean)
                .as("mean of %s", path)
                .isCloseTo(0, within(6 * expected / Math.sqrt(values.length)));
    }

    private static double[] values(Block block, String path) {
        return ParameterPaths.of(block).entrySet().stream()
                .filter(entry -> entry.getKey().equals(path))
                .map(entry -> HostValues.of(entry.getValue().getArray()))
                .findFirst()
                .orElseThrow();
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RotaryDecay;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies.Llama3Scaling;
import io.github.djlblocks.parity.oracle.OracleRotaryScalings;
import io.github.djlblocks.parity.oracle.OracleRotaryScalings.Yarn;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryScaling;
import java.util.Arrays;
import java.util.List;

/** Cases of rotary embedding for long sequences. */
final class RotaryScalingCases {

    private static final double THETA = 500;
    private static final int R = 8;
    private static final double[] STANDARD = OracleRotaryFrequencies.standard(THETA, R);
    private static final List<Double> SHORT = List.of(1.0, 1.05, 1.2, 1.4);
    private static final List<Double> LONG = List.of(1.1, 2.0, 5.5, 11.0);

    /** The longest position is 15: a sequence of 16. */
    private static final double[] UP_TO_15 = {15, 0, 11, 2, 7, 1, 14, 13, 5, 6};

    /** The longest position is 40: a sequence of 41. */
    private static final double[] UP_TO_40 = {3, 0, 11, 2, 7, 1, 40, 39, 5, 6};

    private RotaryScalingCases() {}

    static List<ParityCase> all() {
        return List.of(
                scaled(
                        "linear",
                        UP_TO_40,
                        RotaryScaling.linear(3),
                        OracleRotaryScalings.linear(STANDARD, 3),
                        1),
                scaled(
                        "dynamic NTK within",
                        UP_TO_15,
                        RotaryScaling.dynamicNtk(2.5, 16),
                        STANDARD,
                        1),
                scaled(
                        "dynamic NTK beyond",
                        UP_TO_40,
                        RotaryScaling.dynamicNtk(2.5, 16),
                        OracleRotaryScalings.dynamic(STANDARD, 2.5, 16, 41),
                        1),
                scaled(
                        "YaRN",
                        UP_TO_40,
                        RotaryScaling.yarn(4, 1024),
                        OracleRotaryScalings.yarn(STANDARD, THETA, new Yarn(4, 1024, 32, 1, true)),
                        1 + 0.1 * Math.log(4)),
                scaled(
                        "YaRN without width",
                        UP_TO_40,
                        RotaryScaling.yarn(4, 6).withAttentionFactor(0.75),
                        OracleRotaryScalings.yarn(STANDARD, THETA, new Yarn(4, 6, 32, 1, true)),
                        0.75),
                scaled(
                        "YaRN of gpt-oss, other ramp",
                        UP_TO_40,
                        RotaryScaling.yarn(5, 300).withBetas(20, 0.5).withTruncate(false),
                        OracleRotaryScalings.yarn(
                                STANDARD, THETA, new Yarn(5, 300, 20, 0.5, false)),
                        1 + 0.1 * Math.log(5)),
                scaled(
                        "YaRN of DeepSeek",
                        UP_TO_40,
                        RotaryScaling.yarn(8, 512).withMscale(0.7, 1.3),
                        OracleRotaryScalings.yarn(STANDARD, THETA, new Yarn(8, 512, 32, 1, true)),
                        (1 + 0.07 * Math.log(8)) / (1 + 0.13 * Math.log(8))),
                scaled(
                        "Llama 3.1",
                        UP_TO_40,
                        RotaryScaling.llama3(6, 1, 3, 64),
                        OracleRotaryFrequencies.llama3(STANDARD, new Llama3Scaling(6, 1, 3, 64)),
                        1),
                scaled(
                        "LongRoPE within",
                        UP_TO_15,
                        RotaryScaling.longRope(SHORT, LONG, 16, 1.5),
                        divided(SHORT),
                        1.5),
                scaled(
                        "LongRoPE beyond",
                        UP_TO_40,
                        RotaryScaling.longRope(
                                SHORT, LONG, 16, RotaryScaling.longRopeAttention(4, 16)),
                        divided(LONG),
                        Math.sqrt(1.5)),
                scaled(
                        "proportional",
                        UP_TO_40,
                        RotaryScaling.proportional(0.5, 2),
                        new double[] {0.5, Math.pow(THETA, -0.25) / 2, 0, 0},
                        1),
                xPos("queries", false, RotaryLayout.INTERLEAVED, RotaryDecay.PAPER),
                xPos("keys", true, RotaryLayout.INTERLEAVED, RotaryDecay.PAPER),
                xPos("keys, centred", true, RotaryLayout.HALF_SPLIT, new RotaryDecay(0.2, 30, 7)));
    }

    private static double[] divided(List<Double> factors) {
        double[] divided = STANDARD.clone();
        Arrays.setAll(divided, i -> divided[i] / factors.get(i));
        return divided;
    }

    private static ParityCase scaled(
            String variant,
            double[] positions,
            RotaryScaling scaling,
            double[] frequencies,
            double attentionFactor) {
        return RotaryCases.given(
                variant,
                R + 2,
                positions,
                () ->
                        RotaryEmbedding.builder()
                                .setHeadDim(R + 2)
                                .optRotaryDim(R)
                                .optTheta(THETA)
                                .optScaling(scaling)
                                .build(),
                (x, rows) ->
                        OracleRotary.rotary(
                                x,
                                rows,
                                frequencies,
                                OracleRotary.Layout.HALF_SPLIT,
                                attentionFactor));
    }

    private static ParityCase xPos(
            String variant, boolean keys, RotaryLayout layout, RotaryDecay decay) {
        return RotaryCases.given(
                "xPos, " + variant,
                R,
                UP_TO_40,
                () -> {
                    RotaryEmbedding queries =
                            RotaryEmbedding.builder()
                                    .setHeadDim(R)
                                    .optTheta(THETA)
                                    .optLayout(layout)
                                    .optDecay(decay)
                                    .build();
                    return keys ? queries.forKeys() : queries;
                },
                (x, rows) ->
                        OracleRotary.turned(
                                x,
                                R / 2,
                                (row, token, pair) -> rows[row][token] * STANDARD[pair],
                                (row, token, pair) -> {
                                    double z =
                                            OracleRotaryScalings.xPos(pair, R / 2, decay.gamma());
                                    double power =
                                            (rows[row][token] - decay.centre()) / decay.base();
                                    return Math.exp((keys ? -power : power) * Math.log(z));
                                },
                                RotaryCases.oracle(layout)));
    }
}

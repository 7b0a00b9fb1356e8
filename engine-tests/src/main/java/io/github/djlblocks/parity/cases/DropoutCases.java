package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleMath;
import java.util.List;

/** Cases of what is random in training. */
final class DropoutCases {

    private static final AttentionShape ATTENTION = AttentionShape.of(12, 4, 2, 4).withCausal();
    private static final int S = 5;

    private DropoutCases() {}

    static List<ParityCase> all() {
        return List.of(
                dropout("rate 0.3", 0.3).optRandomInTraining().build(),
                // Of the weights of attention: the output is linear in them, so its mean is kept.
                AttentionCases.plain("dropout 0.2, causal", ATTENTION, 2, S)
                        .setBlock(DropoutCases::attention)
                        .optRandomInTraining()
                        .build());
    }

    private static ParityCaseBuilder dropout(String variant, double rate) {
        double[] x = RandomTensors.normal(variant.hashCode(), 2, S, 6);
        return ParityCase.builder("Dropout", variant)
                .setBlock(() -> Dropout.of(rate))
                .addInput("x", x, 2, S, 6)
                .setFormula((arrays, parameters) -> OracleMath.scale(Scope.get(arrays, "x"), 1))
                .setTolerance(1, 1, "a copy; its mean in training is compared with its own error");
    }

    private static Block attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        FeedForwardCases.linear(12, 16, false),
                        FeedForwardCases.linear(12, 8, false),
                        FeedForwardCases.linear(12, 8, false),
                        FeedForwardCases.linear(16, 12, false))
                .setQueryHeads(4)
                .optKeyValueHeads(2)
                .optCausal(true)
                .optDropout(0.2)
                .build();
    }
}

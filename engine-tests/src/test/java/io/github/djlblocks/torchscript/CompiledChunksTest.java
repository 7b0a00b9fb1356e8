package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** Attention over more queries than one chunk of products takes, in order and masked. */
class CompiledChunksTest {

    private static final int E = 24;

    @AfterEach
    void unpin() {
        System.setProperty("djlblocks.attention", "kernel");
    }

    /** Less than a chunk, one, one and a token, two and a part. */
    @EachEngine(engines = "PyTorch")
    void attention_inChunks_isThatBlockByBlock(NDManager manager) {
        for (int tokens : new int[] {5, 128, 129, 300}) {
            for (boolean causal : new boolean[] {true, false}) {
                follows(manager, "maps", tokens, causal, null);
                follows(manager, "chunks", tokens, causal, null);
                Shape all = new Shape(2, 6, tokens, tokens);
                for (Shape shape :
                        new Shape[] {
                            all,
                            new Shape(1, 1, tokens, tokens),
                            new Shape(2, 1, tokens, tokens),
                            new Shape(2, 1, 1, tokens),
                            new Shape(1, 6, 1, tokens)
                        }) {
                    NDArray mask = manager.randomUniform(0, 1, shape).gt(0.3f);
                    follows(manager, "chunks", tokens, causal, mask);
                    follows(manager, "maps", tokens, causal, mask);
                }
                // Rows that see nothing give 0.
                NDArray rows = manager.randomUniform(0, 1, new Shape(2, 1, tokens, 1)).gt(0.5f);
                NDArray blind = rows.logicalAnd(manager.ones(all).toType(DataType.BOOLEAN, true));
                follows(manager, "chunks", tokens, causal, blind);
            }
        }
    }

    private static void follows(
            NDManager manager, String way, int tokens, boolean causal, @Nullable NDArray mask) {
        System.setProperty("djlblocks.attention", way);
        MultiHeadAttention attention =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withBias(E, 24),
                                Linear.withBias(E, 8),
                                Linear.withBias(E, 8),
                                Linear.withBias(24, E))
                        .setQueryHeads(6)
                        .optKeyValueHeads(2)
                        .optCausal(causal)
                        .build();
        attention.freezeParameters(true);
        attention.initialize(manager, DataType.FLOAT32, new Shape(2, tokens, E));
        Block compiled =
                TorchScript.compiled(attention, manager, CompileOptions.defaults().demanded());
        ParameterStore store = new ParameterStore(manager, false);
        NDList x = new NDList(manager.randomNormal(new Shape(2, tokens, E)));
        AttentionContext context = AttentionContext.none().withMask(mask);
        PairList<String, Object> params = context.toParams();

        NDArray expected = attention.forward(store, x, false, params).singletonOrThrow();
        NDArray found = compiled.forward(store, x, false, params).singletonOrThrow();

        // Sums over all keys, and products of 24 channels on both sides.
        assertThat(found).isCloseTo(expected, Tolerance.of(DataType.FLOAT32, tokens + 48, 8));
    }
}

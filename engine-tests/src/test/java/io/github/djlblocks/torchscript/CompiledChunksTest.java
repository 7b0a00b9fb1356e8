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
import org.junit.jupiter.api.AfterEach;

/** Attention over more queries than one chunk of products takes, in order and masked. */
class CompiledChunksTest {

    private static final int E = 24;
    private static final int TOKENS = 300;

    @AfterEach
    void unpin() {
        System.setProperty("djlblocks.attention", "kernel");
    }

    @EachEngine(engines = "PyTorch")
    void causalAttention_inChunks_isThatBlockByBlock(NDManager manager) {
        follows(manager, true, false);
        follows(manager, true, true);
        follows(manager, false, false);
        follows(manager, false, true);
    }

    private static void follows(NDManager manager, boolean causal, boolean masked) {
        System.setProperty("djlblocks.attention", "chunks");
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
        attention.initialize(manager, DataType.FLOAT32, new Shape(2, TOKENS, E));
        Block compiled =
                TorchScript.compiled(attention, manager, CompileOptions.defaults().demanded());
        ParameterStore store = new ParameterStore(manager, false);
        NDList x = new NDList(manager.randomNormal(new Shape(2, TOKENS, E)));
        NDArray mask = manager.randomUniform(0, 1, new Shape(2, 1, TOKENS, TOKENS)).gt(0.3f);
        AttentionContext context = AttentionContext.none().withMask(masked ? mask : null);
        PairList<String, Object> params = context.toParams();

        NDArray expected = attention.forward(store, x, false, params).singletonOrThrow();
        NDArray found = compiled.forward(store, x, false, params).singletonOrThrow();

        // Sums over all keys, and products of 24 channels on both sides.
        assertThat(found).isCloseTo(expected, Tolerance.of(DataType.FLOAT32, TOKENS + 48, 8));
    }
}

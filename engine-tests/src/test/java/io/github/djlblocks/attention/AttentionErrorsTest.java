package io.github.djlblocks.attention;

import static io.github.djlblocks.attention.SmallAttention.E;
import static io.github.djlblocks.attention.SmallAttention.forward;
import static io.github.djlblocks.attention.SmallAttention.latent;
import static io.github.djlblocks.attention.SmallAttention.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.position.RotaryEmbedding;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What attention cannot be built with, or told, and what it says then. */
class AttentionErrorsTest {

    private static final AttentionSpec SPEC = AttentionSpec.of(1);

    @Test
    void spec_numberOutOfRange_namesIt() {
        refuses(() -> SPEC.withSoftcap(-1), "softcap (-1.0) must be a finite number, 0 for none");
        refuses(
                () -> SPEC.withSoftcap(Double.NaN),
                "softcap (NaN) must be a finite number, 0 for none");
        refuses(
                () -> SPEC.withSoftcap(Double.POSITIVE_INFINITY),
                "softcap (Infinity) must be a finite number, 0 for none");
        refuses(() -> SPEC.withWindow(-2, 3), "left (-2) must be at least 0, or -1 for no bound");
        refuses(() -> SPEC.withWindow(3, -4), "right (-4) must be at least 0, or -1 for no bound");
        refuses(() -> SPEC.withPrefix(-1), "prefix (-1) must be at least 0");
        refuses(() -> SPEC.withDropout(1), "dropout (1.0) must be at least 0 and below 1");
        refuses(() -> AttentionSpec.of(Double.NaN), "scale (NaN) must be a finite number above 0");
    }

    @Test
    void build_optionsThatDoNotFit_saysWhy() {
        refuses(
                () -> SmallAttention.builder().optWindow(-3, 0).build(),
                "left (-3) must be at least 0, or -1 for no bound");
        refuses(
                () -> SmallAttention.builder().optSoftcap(-2).build(),
                "softcap (-2.0) must be a finite number, 0 for none");
        refuses(
                () -> SmallAttention.builder().optDropout(1.5).build(),
                "dropout (1.5) must be at least 0 and below 1");
        String positions = "queries and memory have no positions in common";
        refuses(
                () -> SmallAttention.builder().optCross(true).optCausal(true).build(),
                "cross-attention is neither causal nor windowed: " + positions);
        refuses(
                () -> SmallAttention.builder().optCross(true).optWindow(-1, 0).build(),
                "cross-attention is neither causal nor windowed: " + positions);
        refuses(
                () ->
                        SmallAttention.builder()
                                .optCross(true)
                                .optRotary(SmallAttention.rotary())
                                .build(),
                "cross-attention has no rotary embedding: " + positions);
        refuses(
                () ->
                        MultiHeadAttention.builder()
                                .setProjections(
                                        Linear.withBias(E, 8),
                                        Linear.withBias(5, 8),
                                        Linear.withBias(7, 8),
                                        Linear.withBias(8, E))
                                .setQueryHeads(4)
                                .optCross(true)
                                .build(),
                "query, key and value take 6, 5 and 7 channels: key and value have the same input,"
                        + " the memory");
    }

    @Test
    void build_fusedProjection_saysWhatItCannotHave() {
        refuses(
                () -> fused(17).build(),
                "the fused projection gives 17 channels, which queryHeads + 2 keyValueHeads (8)"
                        + " does not divide");
        refuses(
                () -> fused(16).optCross(true).build(),
                "cross-attention reads queries and keys from two inputs: give it three"
                        + " projections, not a fused one");
        RmsNorm norm = RmsNorm.builder().setChannels(8).build();
        refuses(
                () -> fused(16).optProjectionNorms(norm, norm).build(),
                "optProjectionNorms needs projections of their own for queries and keys: call"
                        + " setProjections, or norm each head with optHeadNorms");
    }

    private static MultiHeadAttentionBuilder fused(int outputs) {
        return MultiHeadAttention.builder()
                .setFusedProjection(
                        Linear.withBias(E, outputs), FusedHeadLayout.GROUPED, Linear.withBias(8, E))
                .setQueryHeads(4)
                .optKeyValueHeads(2);
    }

    @Test
    void build_latentWithoutAPart_namesTheCall() {
        MultiHeadLatentAttentionBuilder none = MultiHeadLatentAttention.builder();
        refuses(none::build, "the query is missing: call setQuery or setLatentQuery");
        none.setQuery(Linear.withoutBias(E, 18));
        refuses(none::build, "the latentDown is missing: call setLatent");
        none.setLatent(Linear.withoutBias(E, 7), norm(5), Linear.withoutBias(5, 21));
        refuses(none::build, "the rotary embedding is missing: call setRotary");
        none.setRotary(SmallAttention.rotary());
        refuses(none::build, "the output is missing: call setOutput");
        none.setOutput(Linear.withoutBias(9, E));
        refuses(none::build, "heads (0) must be at least 1");
    }

    @Test
    void build_latentSizesThatDoNotFit_namesThem() {
        refuses(
                () -> latent().setQuery(Linear.withoutBias(5, 18)).build(),
                "the query projection takes 5 channels but latentDown 6: both have the same"
                        + " input");
        refuses(
                () ->
                        latent().setLatentQuery(
                                        Linear.withoutBias(E, 4),
                                        norm(4),
                                        Linear.withoutBias(3, 18))
                                .build(),
                "queryDown gives 4 channels but queryUp takes 3");
        refuses(
                () -> latent().setQuery(Linear.withoutBias(E, 17)).build(),
                "query gives 17 channels, which heads (3) does not divide");
        refuses(
                () -> latent().setRotary(RotaryEmbedding.builder().setHeadDim(4).build()).build(),
                "latentDown gives 7 channels, expected the 5 that latentUp takes and the 4 of the"
                        + " rotary embedding");
        refuses(
                () -> latent().setQuery(Linear.withoutBias(E, 6)).build(),
                "query has 2 channels a head and latentUp 7, which leave 0 for keys besides the 2"
                        + " rotated and 7 for values: both must be at least 1");
        refuses(
                () -> latent().setOutput(Linear.withoutBias(8, E)).build(),
                "output takes 8 channels but 3 heads of 3 channels give 9");
        refuses(
                () ->
                        latent().setLatent(
                                        Linear.withoutBias(E, 7), norm(5), Linear.withBias(5, 21))
                                .optLatentCache(true)
                                .build(),
                "optLatentCache needs a latentUp without bias: it is applied to the queries, where"
                        + " a bias has no place");
        refuses(() -> latent().optScale(0).build(), "scale (0.0) must be a finite number above 0");
        refuses(
                () -> latent().optDropout(-0.5).build(),
                "dropout (-0.5) must be at least 0 and below 1");
    }

    private static RmsNorm norm(int channels) {
        return RmsNorm.builder().setChannels(channels).build();
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_paramOfAnotherType_namesBoth(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        PairList<String, Object> params = new PairList<>();
        params.add(AttentionContext.KEY, "causal");
        NDList x = new NDList(random(manager, 1, 1, 2, E));
        refuses(
                () -> block.forward(new ParameterStore(manager, false), x, false, params),
                "param attentionContext is a String, expected an AttentionContext");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_segmentsWithACache_areRefusedBeforeTheCacheGrows(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        NDArray x = random(manager, 1, 1, 2, E);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            AttentionContext context =
                    AttentionContext.none()
                            .withCache(cache.slot(0))
                            .withSegments(PackedSequences.of(2, new int[] {2}).segments(manager));
            refuses(
                    () -> forward(block, x, context),
                    "segments are of a pass without a cache: pack sequences to train on them, and"
                            + " generate with one row each");
            assertThat(cache.length()).isZero();
        }
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}

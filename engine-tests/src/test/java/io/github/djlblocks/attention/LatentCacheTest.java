package io.github.djlblocks.attention;

import static io.github.djlblocks.attention.SmallAttention.forward;
import static io.github.djlblocks.attention.SmallAttention.random;
import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import java.util.List;

class LatentCacheTest {

    private static final int[][] SPLITS = {{1, 1, 1, 1, 1, 1}, {4, 1, 1}, {2, 3, 1}};

    @EachEngine(leavesNothingOpen = true)
    void forward_inPieces_givesTheWholePass(NDManager manager) {
        NDArray x = random(manager, 5, 2, 6, SmallAttention.E);
        for (boolean latent : new boolean[] {false, true}) {
            MultiHeadLatentAttention block =
                    SmallAttention.initialized(
                            SmallAttention.latent().optLatentCache(latent).build(), manager);
            NDArray whole = forward(block, x, AttentionContext.none());
            for (CachePolicy policy : List.of(CachePolicy.growing(), CachePolicy.preallocated(6))) {
                for (int[] split : SPLITS) {
                    try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy))) {
                        inPieces(block, x, whole, cache, split);
                    }
                }
            }
        }
    }

    private static void inPieces(
            MultiHeadLatentAttention block,
            NDArray x,
            NDArray whole,
            KeyValueCache cache,
            int... split) {
        int from = 0;
        for (int length : split) {
            NDIndex at = new NDIndex(":, " + from + ":" + (from + length));
            NDArray y = forward(block, x.get(at), AttentionContext.none().withCache(cache.slot(0)));
            assertThat(y).isCloseTo(whole.get(at), SmallAttention.twoPasses());
            from += length;
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_rowsOfDifferentLength_givesEachItsOwn(NDManager manager) {
        MultiHeadLatentAttention block =
                SmallAttention.initialized(
                        SmallAttention.latent().optLatentCache(true).build(), manager);
        NDArray prompt = random(manager, 6, 2, 4, SmallAttention.E);
        NDArray next = random(manager, 7, 2, 1, SmallAttention.E);
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 6)) {
            AttentionContext context = AttentionContext.none().withCache(cache.slot(0));
            forward(block, prompt, context);
            cache.truncate(4, 1);
            NDArray y = forward(block, next, context);
            for (int row = 0; row < 2; row++) {
                String kept = row + ":" + (row + 1) + ", :" + (row == 0 ? 4 : 1);
                NDIndex one = new NDIndex(row + ":" + (row + 1));
                NDArray whole = prompt.get(new NDIndex(kept)).concat(next.get(one), 1);
                NDArray expected =
                        forward(block, whole, AttentionContext.none()).get(new NDIndex(":, -1:"));
                assertThat(y.get(one)).isCloseTo(expected, SmallAttention.twoPasses());
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void cache_latent_holdsTheLatentAndTheSharedKeyOnly(NDManager manager) {
        MultiHeadLatentAttention block =
                SmallAttention.initialized(
                        SmallAttention.latent().optLatentCache(true).build(), manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            NDArray x = random(manager, 8, 2, 3, SmallAttention.E);
            forward(block, x, AttentionContext.none().withCache(cache.slot(0)));
            NDList held = cache.slot(0).content();
            assertThat(held.getShapes())
                    .containsExactly(new Shape(2, 1, 3, 5), new Shape(2, 1, 3, 2));
        }
    }
}

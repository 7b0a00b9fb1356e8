package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.attention.MultiHeadLatentAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Sequences through caches of every policy, compiled, and compiled and not in turns. */
class CompiledCacheTest {

    private static final int CONTEXT = 300;
    private static final int E = Twins.E;
    private static final AttentionContext NONE = AttentionContext.none();

    private static final List<List<CachePolicy>> POLICIES =
            List.of(
                    List.of(CachePolicy.growing(), CachePolicy.growing()),
                    List.of(CachePolicy.preallocated(CONTEXT), CachePolicy.preallocated(CONTEXT)),
                    List.of(CachePolicy.rolling(3), CachePolicy.rolling(3)),
                    List.of(CachePolicy.rolling(5, 2), CachePolicy.rolling(5, 2)),
                    List.of(CachePolicy.growing(), CachePolicy.rolling(4)),
                    List.of(CachePolicy.preallocated(CONTEXT), CachePolicy.growing()),
                    List.of(
                            CachePolicy.preallocated(CONTEXT),
                            CachePolicy.preallocated(CONTEXT + 9)),
                    List.of(CachePolicy.rolling(1), CachePolicy.rolling(7, 1)));

    /** The same sequence through three caches: never compiled, always, and in turns. */
    private static final class Sequences implements AutoCloseable {
        private final Twins<CausalLanguageModel> twins;
        private final Random random;
        private final List<KeyValueCache> caches = new ArrayList<>();
        private int batch;
        private int padding;
        private long before;

        Sequences(Twins<CausalLanguageModel> twins, List<CachePolicy> policies, long seed) {
            this.twins = twins;
            random = new Random(seed);
            for (int i = 0; i < 3; i++) {
                caches.add(KeyValueCache.of(twins.manager(), policies));
            }
            start();
        }

        private long length() {
            return caches.get(0).length();
        }

        private void start() {
            caches.forEach(cache -> cache.truncate(0));
            batch = 1 + random.nextInt(3);
            padding = random.nextBoolean() ? random.nextInt(3) : 0;
        }

        void step() {
            int what = random.nextInt(100);
            if (what < 6 && length() > 0) {
                caches.forEach(cache -> cache.truncate(before));
            } else if (what < 12 && length() > 0) {
                int[] rows = random.ints(1 + random.nextInt(3), 0, batch).toArray();
                caches.forEach(cache -> cache.reorder(rows));
                batch = rows.length;
            } else if (what < 14) {
                start();
            } else {
                int chunk = what < 70 ? 1 : what < 90 ? 2 + random.nextInt(4) : what < 97 ? 9 : 70;
                if (length() + chunk > CONTEXT) {
                    start();
                }
                append(chunk);
            }
        }

        private void append(int chunk) {
            before = length();
            NDArray ids = twins.ids(random.nextInt(1000), batch, chunk);
            try (NDManager own = twins.manager().newSubManager()) {
                ids.attach(own);
                NDArray plain = pass(false, ids, caches.get(0));
                NDArray compiled = pass(true, ids, caches.get(1));
                NDArray mixed = pass(random.nextBoolean(), ids, caches.get(2));
                Tolerance tolerance = Twins.tolerance(twins.dataType(), CONTEXT);
                assertThat(compiled).as("after %d tokens", before).isCloseTo(plain, tolerance);
                assertThat(mixed).as("after %d tokens", before).isCloseTo(plain, tolerance);
            }
            for (KeyValueCache cache : caches) {
                assertThat(cache.lengths()).containsExactly(before + chunk);
            }
        }

        private NDArray pass(boolean compiled, NDArray ids, KeyValueCache cache) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            NDList inputs = new NDList(ids);
            if (padding > 0) {
                inputs.add(mask(ids));
            }
            return compiled ? twins.compiled(inputs, params) : twins.plain(inputs, params);
        }

        /** Padding on the left of the first row. */
        private NDArray mask(NDArray ids) {
            int total = (int) (before + ids.getShape().get(1));
            long[] mask = new long[batch * total];
            Arrays.fill(mask, 1);
            Arrays.fill(mask, 0, Math.min(padding, total - 1), 0);
            return ids.getManager().create(mask, new Shape(batch, total));
        }

        void compareContents(List<CachePolicy> policies) {
            Tolerance tolerance = Twins.tolerance(twins.dataType(), CONTEXT);
            for (int layer = 0; length() > 0 && layer < policies.size(); layer++) {
                if (policies.get(layer).kind() == CachePolicy.Kind.ROLLING) {
                    continue;
                }
                NDList expected = caches.get(0).slot(layer).content();
                for (KeyValueCache cache : caches.subList(1, 3)) {
                    NDList found = cache.slot(layer).content();
                    assertThat(found.get(0)).isCloseTo(expected.get(0), tolerance);
                    assertThat(found.get(1)).isCloseTo(expected.get(1), tolerance);
                }
            }
        }

        @Override
        public void close() {
            caches.forEach(KeyValueCache::close);
        }
    }

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void languageModel_longSequences_sameThroughEveryPolicy(NDManager manager, DataType dataType) {
        Twins<CausalLanguageModel> twins = Twins.decoders(CONTEXT, manager, dataType);
        int seed = 0;
        for (List<CachePolicy> policies : POLICIES) {
            try (Sequences sequences = new Sequences(twins, policies, ++seed)) {
                for (int step = 0; step < 60; step++) {
                    sequences.step();
                }
                sequences.compareContents(policies);
            }
        }
        assertThat(twins.statistics().portable()).isZero();
    }

    /** Growing by strides of 64 and half its size; a window of 8 that moves every 8 tokens. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void languageModel_tokenByToken_crossesEveryBoundary(NDManager manager) {
        Twins<CausalLanguageModel> twins = Twins.decoders(CONTEXT, manager, DataType.FLOAT32);
        for (CachePolicy policy : List.of(CachePolicy.growing(), CachePolicy.rolling(8, 1))) {
            List<CachePolicy> policies = List.of(policy, policy);
            try (KeyValueCache cache = KeyValueCache.of(manager, policies);
                    KeyValueCache plain = KeyValueCache.of(manager, policies)) {
                for (int at = 0; at < 140; at++) {
                    NDList ids = new NDList(twins.ids(at, 2, 1));
                    assertThat(twins.compiled(ids, params(cache)))
                            .as("token %d", at)
                            .isCloseTo(
                                    twins.plain(ids, params(plain)),
                                    Twins.tolerance(DataType.FLOAT32, at));
                }
            }
        }
        assertThat(twins.statistics().compiled()).isEqualTo(280);
        assertThat(twins.statistics().kinds()).isEqualTo(2);
    }

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void languageModel_rowsOfDifferentLength_asPortable(NDManager manager, DataType dataType) {
        Twins<CausalLanguageModel> twins = Twins.decoders(CONTEXT, manager, dataType);
        NDList prompt = new NDList(twins.ids(3, 3, 6));
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 2, 40);
                KeyValueCache plain = KeyValueCache.preallocated(manager, 2, 40)) {
            twins.compiled(prompt, params(cache));
            twins.plain(prompt, params(plain));
            for (int step = 0; step < 9; step++) {
                for (KeyValueCache each : List.of(cache, plain)) {
                    switch (step) {
                        case 0 -> each.truncate(6, 2, 4);
                        case 3 -> each.reorder(2, 0, 1, 1);
                        case 6 -> each.truncate(3, 3, 2, 3);
                        case 8 -> each.truncate(1);
                        default -> {}
                    }
                }
                int rows = step < 3 ? 3 : 4;
                NDList next = new NDList(twins.ids(step, rows, 1 + step % 3));
                assertThat(twins.compiled(next, params(cache)))
                        .as("step %d", step)
                        .isCloseTo(twins.plain(next, params(plain)), Twins.tolerance(dataType, 20));
                assertThat(cache.lengths()).containsExactly(plain.lengths());
            }
        }
        assertThat(twins.statistics().portable()).isZero();
    }

    /** The numbers of one cache must not be those of another of the same kind. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void languageModel_cachesOfOtherCapacity_shareThePass(NDManager manager) {
        Twins<CausalLanguageModel> twins = Twins.decoders(CONTEXT, manager, DataType.FLOAT32);
        for (int capacity : new int[] {8, 16, 11}) {
            try (KeyValueCache cache = KeyValueCache.preallocated(manager, 2, capacity);
                    KeyValueCache plain = KeyValueCache.preallocated(manager, 2, capacity)) {
                for (int step = 0; step < 4; step++) {
                    NDList next = new NDList(twins.ids(step, 2, 2));
                    assertThat(twins.compiled(next, params(cache)))
                            .isCloseTo(
                                    twins.plain(next, params(plain)),
                                    Twins.tolerance(DataType.FLOAT32, 8));
                }
            }
        }
        assertThat(twins.statistics().kinds()).isEqualTo(1);
    }

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void latentAttention_inPieces_asPortable(NDManager manager, DataType dataType) {
        for (boolean latents : new boolean[] {false, true}) {
            Twins<MultiHeadLatentAttention> twins =
                    Twins.of(() -> latent(latents), manager, dataType, new Shape(1, 1, E));
            for (CachePolicy policy :
                    List.of(
                            CachePolicy.growing(),
                            CachePolicy.preallocated(90),
                            CachePolicy.rolling(4))) {
                try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
                        KeyValueCache plain = KeyValueCache.of(manager, List.of(policy))) {
                    for (int chunk : new int[] {5, 1, 1, 3, 70, 1, 1}) {
                        NDList x = new NDList(twins.random(chunk, 2, chunk, E));
                        assertThat(twins.compiled(x, self(cache)))
                                .isCloseTo(
                                        twins.plain(x, self(plain)), Twins.tolerance(dataType, 82));
                    }
                }
            }
        }
    }

    /** A mask has a column for each token that has passed, or for each that is held. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void attention_rollingCacheAndAMaskOfAnotherLength_isRefusedAsPortable(NDManager manager) {
        Twins<MultiHeadAttention> twins =
                Twins.of(
                        () -> attention().optCausal(true).build(),
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults(),
                        new Shape(1, 1, E));
        try (KeyValueCache cache = KeyValueCache.rolling(manager, 1, 3)) {
            AttentionContext context = NONE.withCache(cache.slot(0));
            for (int step = 0; step < 5; step++) {
                NDArray mask = mask(manager, 2 * (step + 1));
                NDList x = new NDList(twins.random(step, 2, 2, E));
                twins.compiled(x, context.withMask(mask).toParams());
            }
            assertThat(twins.statistics().portable()).isZero();
            NDList x = new NDList(twins.random(9, 2, 2, E));
            PairList<String, Object> wrong = context.withMask(mask(manager, 15)).toParams();
            String expected = message(() -> twins.plain(x, wrong));
            assertThat(message(() -> twins.compiled(x, wrong))).isEqualTo(expected);
            assertThat(expected).contains("15");
        }
    }

    static @Nullable String message(Runnable pass) {
        try {
            pass.run();
        } catch (IllegalArgumentException | IllegalStateException e) {
            return e.getMessage();
        }
        throw new AssertionError("nothing was thrown");
    }

    private static NDArray mask(NDManager manager, int columns) {
        return manager.ones(new Shape(2, 1, 1, columns)).toType(DataType.BOOLEAN, true);
    }

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }

    private static PairList<String, Object> self(KeyValueCache cache) {
        return NONE.withCache(cache.slot(0)).toParams();
    }

    static MultiHeadAttentionBuilder attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, 16),
                        Linear.withBias(E, 8),
                        Linear.withBias(E, 8),
                        Linear.withBias(16, E))
                .setQueryHeads(4)
                .optKeyValueHeads(2);
    }

    private static MultiHeadLatentAttention latent(boolean latents) {
        return MultiHeadLatentAttention.builder()
                .setQuery(Linear.withoutBias(E, 3 * 6))
                .setLatent(
                        Linear.withoutBias(E, 7),
                        RmsNorm.builder().setChannels(5).build(),
                        Linear.withoutBias(5, 3 * 7))
                .setOutput(Linear.withoutBias(9, E))
                .setHeads(3)
                .setRotary(RotaryEmbedding.builder().setHeadDim(2).build())
                .optCausal(true)
                .optLatentCache(latents)
                .build();
    }
}

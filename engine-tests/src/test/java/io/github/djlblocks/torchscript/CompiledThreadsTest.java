package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One compiled model, many threads, each with a sequence and a cache of its own. */
class CompiledThreadsTest {

    private static final int THREADS = 16;
    private static final int STEPS = 12;

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_sixteenThreads_giveTheBitsOfOne(EngineUnderTest engine) throws Exception {
        List<List<double[]>> expected = new ArrayList<>();
        try (NDManager manager = engine.newManager()) {
            Twins<CausalLanguageModel> alone = Twins.decoders(64, manager, DataType.FLOAT32);
            for (int thread = 0; thread < THREADS; thread++) {
                expected.add(sequence(alone, engine, thread));
            }
        }
        try (NDManager manager = engine.newManager()) {
            // Nothing is compiled yet: all of them come for the first pass at once.
            Twins<CausalLanguageModel> twins = Twins.decoders(64, manager, DataType.FLOAT32);
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Callable<List<double[]>>> tasks = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int seed = thread;
                tasks.add(
                        () -> {
                            start.await();
                            return sequence(twins, engine, seed);
                        });
            }
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<List<double[]>>> found = threads.invokeAll(tasks);
                for (int thread = 0; thread < THREADS; thread++) {
                    assertThat(found.get(thread).get())
                            .as("thread %d", thread)
                            .usingElementComparator(CompiledThreadsTest::compare)
                            .isEqualTo(expected.get(thread));
                }
            } finally {
                threads.shutdown();
            }
            // Of one row and of more, of one token and of more; with two kinds of caches.
            assertThat(twins.statistics().kinds()).isEqualTo(8);
            assertThat(twins.statistics().compiled()).isEqualTo(THREADS * STEPS);
        }
    }

    private static int compare(double[] a, double[] b) {
        return Arrays.compare(a, b);
    }

    private static List<double[]> sequence(
            Twins<CausalLanguageModel> twins, EngineUnderTest engine, int seed) {
        List<double[]> logits = new ArrayList<>();
        CachePolicy policy = seed % 4 < 2 ? CachePolicy.growing() : CachePolicy.rolling(5);
        try (NDManager own = engine.newManager();
                KeyValueCache cache = KeyValueCache.of(own, List.of(policy, policy))) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            int batch = seed % 2 == 0 ? 1 : 3;
            for (int step = 0; step < STEPS; step++) {
                int length = step % 5 == 0 ? 4 : 1;
                long[] ids = new long[batch * length];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = (7L * seed + 3L * step + 5L * i) % Twins.VOCABULARY;
                }
                NDArray input = own.create(ids, new Shape(batch, length));
                logits.add(HostValues.of(twins.compiled(new NDList(input), params)));
            }
        }
        return logits;
    }
}

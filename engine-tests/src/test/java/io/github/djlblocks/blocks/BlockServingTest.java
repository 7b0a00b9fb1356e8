package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.translate.NoopTranslator;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.LeakGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One block behind DJL's predictors, many threads at a time. */
class BlockServingTest {

    private static final int THREADS = 4;
    private static final int CALLS = 8;

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("io.github.djlblocks.blocks.BlockCases#onEveryEngine")
    void predictors_inFourThreads_eachGetsItsOwnResult(BlockCase tested, EngineUnderTest engine)
            throws Exception {
        try (Model model = Model.newInstance("serve", engine.device(), engine.engineName())) {
            Block block = tested.initialized(model.getNDManager(), DataType.FLOAT32);
            model.setBlock(block);
            List<double[]> expected = new ArrayList<>();
            try (NDManager manager = engine.newManager()) {
                for (int seed = 0; seed < THREADS; seed++) {
                    NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 20 + seed);
                    expected.add(HostValues.of(BlockCase.infer(block, manager, inputs)));
                }
            }
            int open = LeakGuard.of(model.getNDManager()).openArrays();
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<?>> done = new ArrayList<>();
                for (int seed = 0; seed < THREADS; seed++) {
                    int mine = seed;
                    done.add(
                            threads.submit(
                                    () -> {
                                        serve(tested, engine, model, mine, expected.get(mine));
                                        return null;
                                    }));
                }
                for (Future<?> future : done) {
                    future.get();
                }
            } finally {
                threads.shutdown();
            }
            assertThat(LeakGuard.of(model.getNDManager()).openArrays()).isEqualTo(open);
        }
    }

    private static void serve(
            BlockCase tested, EngineUnderTest engine, Model model, int seed, double[] expected)
            throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator(null));
                NDManager manager = engine.newManager()) {
            for (int call = 0; call < CALLS; call++) {
                NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 20 + seed);
                NDList outputs = predictor.predict(inputs);
                assertThat(HostValues.of(outputs.get(0))).containsExactly(expected);
                outputs.close();
            }
        }
    }
}

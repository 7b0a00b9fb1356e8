package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One block behind DJL's predictors, many threads at a time. */
final class ServingChecks {

    private static final int THREADS = 4;
    private static final int CALLS = 8;

    private ServingChecks() {}

    static void threads(Subject subject) throws InterruptedException, ExecutionException {
        EngineUnderTest engine = subject.engine();
        try (Model model = Model.newInstance("serve", engine.device(), engine.engineName())) {
            Block block = subject.parityCase().newPreparedBlock();
            block.freezeParameters(true);
            NDManager owner = model.getNDManager();
            block.initialize(owner, DataType.FLOAT32, subject.parityCase().inputShapes());
            model.setBlock(block);
            List<ParityCase> cases = new ArrayList<>();
            List<double[]> expected = new ArrayList<>();
            try (NDManager manager = engine.newManager()) {
                for (int thread = 0; thread < THREADS; thread++) {
                    // Numbers of its own for every thread; token ids are the same for all.
                    ParityCase own = subject.parityCase().withScaledInputs(1 + 0.25 * thread);
                    cases.add(own);
                    NDList inputs = own.newInputs(manager, DataType.FLOAT32);
                    ParameterStore store = new ParameterStore(manager, false);
                    expected.add(HostValues.of(block.forward(store, inputs, false).get(0)));
                }
            }
            int open = LeakGuard.of(owner).openArrays();
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Callable<Void>> tasks = new ArrayList<>();
                for (int thread = 0; thread < THREADS; thread++) {
                    ParityCase own = cases.get(thread);
                    double[] right = expected.get(thread);
                    tasks.add(
                            () -> {
                                serve(own, engine, model, right);
                                return null;
                            });
                }
                // All of them end before the first failure is told: it closes the model.
                for (Future<Void> future : threads.invokeAll(tasks)) {
                    future.get();
                }
            } finally {
                threads.shutdown();
            }
            assertThat(LeakGuard.of(owner).openArrays()).as("arrays of the model").isEqualTo(open);
        }
    }

    private static void serve(
            ParityCase parityCase, EngineUnderTest engine, Model model, double[] expected)
            throws TranslateException {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator(null));
                NDManager manager = engine.newManager()) {
            for (int call = 0; call < CALLS; call++) {
                NDList inputs = parityCase.newInputs(manager, DataType.FLOAT32);
                NDList outputs = predictor.predict(inputs);
                assertThat(HostValues.of(outputs.get(0)))
                        .as("output in one of %d threads", THREADS)
                        .containsExactly(expected);
                outputs.close();
            }
        }
    }
}

package io.github.djlblocks.hybrid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.ProcessMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Modules under load: threads, modes, memory, closing. */
class TorchScriptThreadsTest {

    private static final int THREADS = 4;
    private static final int CALLS = 60;

    private static void run(List<Callable<Object>> jobs) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(jobs.size());
        try {
            for (Future<Object> future : threads.invokeAll(jobs)) {
                future.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_manyThreadsAndATrainingOne_modesDoNotMix(EngineUnderTest engine, NDManager manager)
            throws Exception {
        // Batch statistics are not shared by this method's module: dropout alone tells modes apart.
        TorchScriptBlock block = Modules.tagger().optMethod("vector").build();
        TorchScriptBlock whole =
                block.method("forward").addInput("ids", new Shape(-1, -1), DataType.INT64).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        whole.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray ids = Modules.ids(manager);
        float[] expected = Modules.infer(block, manager, ids).get(0).toFloatArray();
        List<Callable<Object>> jobs = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            boolean trains = i == 0;
            jobs.add(
                    () -> {
                        try (NDManager own = engine.newManager()) {
                            NDArray x = Modules.ids(own);
                            for (int call = 0; call < CALLS; call++) {
                                if (trains) {
                                    Modules.run(whole, own, true, x).close();
                                }
                                try (NDList y = Modules.run(block, own, trains, x)) {
                                    assertThat(y.get(0).toFloatArray()).isEqualTo(expected);
                                }
                            }
                        }
                        return true;
                    });
        }
        run(jobs);
        assertThat(whole.state().readDoubles("bn.num_batches_tracked")).containsExactly(CALLS);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void close_whileThreadsRun_waitsAndThenSaysSo(EngineUnderTest engine, NDManager manager)
            throws Exception {
        assertThat(manager.isOpen()).isTrue();
        NDManager model = engine.newManager();
        TorchScriptBlock block = Modules.tagger().build();
        block.initialize(model, DataType.FLOAT32, new Shape(2, 3));
        List<Callable<Object>> jobs = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            jobs.add(
                    () -> {
                        try (NDManager own = engine.newManager()) {
                            NDArray x = Modules.ids(own);
                            assertThatThrownBy(
                                            () -> {
                                                while (true) {
                                                    Modules.infer(block, own, x).close();
                                                }
                                            })
                                    .isInstanceOf(IllegalStateException.class)
                                    .hasMessageMatching("(?s).*(is closed|is not loaded).*");
                        }
                        return true;
                    });
        }
        jobs.add(
                () -> {
                    Thread.sleep(200);
                    model.close();
                    return true;
                });
        run(jobs);
        assertThat(block.isInitialized()).isFalse();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_manyTimes_leavesNothing(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().optTrainable(true).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray ids = Modules.ids(manager);
        LeakGuard guard = LeakGuard.ofEngine(manager);
        int before = guard.openArrays();
        for (int i = 0; i < CALLS; i++) {
            Modules.infer(block, manager, ids).close();
            Modules.run(block, manager, true, ids).close();
            block.getOutputShapes(new Shape[] {new Shape(i + 1, 2)});
        }
        assertThat(guard.openArrays()).isEqualTo(before);
    }

    @EachEngine(engines = "PyTorch")
    void forward_failsManyTimes_freesItsInputs(NDManager manager) throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        // 2 MB each: 600 of them kept would be 1.2 GB.
        long rows = 100_000;
        for (boolean training : new boolean[] {false, true}) {
            fail(block, training, rows);
            long before = ProcessMemory.residentBytes().orElse(0);
            for (int i = 0; i < 300; i++) {
                fail(block, training, rows);
            }
            long after = ProcessMemory.residentBytes().orElse(0);
            assertThat(after - before).isLessThan(200L << 20);
        }
    }

    @EachEngine(engines = "PyTorch")
    void forward_succeedsManyTimes_freesItsOutputs(EngineUnderTest engine, NDManager manager)
            throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("traced.pt"))
                        .optTrainable(true)
                        .build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        long before = 0;
        // 0.8 MB a result: 600 of them kept, in a list or a graph, would be half a gigabyte.
        for (int i = 0; i < 310; i++) {
            if (i == 10) {
                before = ProcessMemory.residentBytes().orElse(0);
            }
            try (NDManager own = engine.newManager()) {
                NDArray x = own.zeros(new Shape(100_000, 4));
                Modules.infer(block, own, x);
                try (GradientCollector collector = engine.engine().newGradientCollector()) {
                    collector.backward(Modules.run(block, own, true, x).get(0).sum());
                }
            }
        }
        assertThat(ProcessMemory.residentBytes().orElse(0) - before).isLessThan(100L << 20);
    }

    private static void fail(TorchScriptBlock block, boolean training, long rows) {
        try (NDManager own = Engine.getEngine("PyTorch").newBaseManager(ai.djl.Device.cpu())) {
            NDArray x = own.zeros(new Shape(rows, 5));
            assertThatThrownBy(() -> Modules.run(block, own, training, x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot be multiplied");
        }
    }
}

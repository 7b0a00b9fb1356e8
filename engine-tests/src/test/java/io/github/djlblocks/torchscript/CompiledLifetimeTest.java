package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** When what is compiled ends: with its manager, or when its block is compiled again. */
class CompiledLifetimeTest {

    private static final int E = Twins.E;
    private static final int SIZE = 2000;
    private static final CompileOptions DEMANDED = CompileOptions.defaults().demanded();

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void compile_twice_theLaterCounts(NDManager manager) {
        Twins<CausalLanguageModel> twins = Twins.decoders(20, manager, DataType.FLOAT32);
        NDList ids = new NDList(twins.ids(1, 2, 3));
        twins.compiled(ids, null);
        PassStatistics later =
                TorchScript.compile(twins.compiled(), manager, CompileOptions.defaults());
        assertThat(twins.compiled(ids, null))
                .isCloseTo(twins.plain(ids, null), Twins.tolerance(DataType.FLOAT32, 3));
        assertThat(twins.statistics().compiled()).isEqualTo(1);
        assertThat(twins.statistics().kinds()).isZero();
        assertThat(later.compiled()).isEqualTo(1);
    }

    /** What was packed before goes, though the manager that held it stays. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void compile_again_freesWhatWasPacked(NDManager manager) {
        Linear linear = Linear.withoutBias(SIZE, SIZE);
        linear.freezeParameters(true);
        linear.initialize(manager, DataType.FLOAT32, new Shape(1, SIZE));
        NDList x = new NDList(manager.ones(new Shape(1, SIZE)));
        packAgain(linear, x, manager, 5);
        long before = NativeMemory.inUse();
        PassStatistics last = packAgain(linear, x, manager, 20);
        assertThat(last.kinds()).isEqualTo(1);
        linear.setPassRunner(null);
        assertThat(last.kinds()).isZero();
        // Kept, they would be 320 MB.
        long allowed = 160L * 1024 * 1024;
        assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
    }

    private static PassStatistics packAgain(Linear linear, NDList x, NDManager manager, int times) {
        CompileOptions options = DEMANDED.withWeights(WeightFormat.FLOAT32);
        PassStatistics last = TorchScript.compile(linear, manager, options);
        Twins.forward(linear, x, null);
        for (int i = 1; i < times; i++) {
            PassStatistics next = TorchScript.compile(linear, manager, options);
            assertThat(last.kinds()).isZero();
            Twins.forward(linear, x, null).get(0).close();
            last = next;
        }
        return last;
    }

    /** The earlier call packs while the block is compiled again, and ends as it began. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void compile_againDuringACall_waitsForItsEnd(NDManager manager) throws Exception {
        Linear linear = Linear.withoutBias(2, 2);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        CompileOptions options = DEMANDED.withWeights(WeightFormat.FLOAT32);
        PassStatistics earlier =
                TorchScript.compile(linear, manager, options.withSource(waiting(inside, go)));
        NDList x = new NDList(manager.create(new float[] {1, 10}, new Shape(1, 2)));
        CompletableFuture<float[]> call =
                CompletableFuture.supplyAsync(
                        () -> Twins.forward(linear, x, null).get(0).toFloatArray());
        PassStatistics later;
        try {
            assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<PassStatistics> again =
                    CompletableFuture.supplyAsync(
                            () ->
                                    TorchScript.compile(
                                            linear,
                                            manager,
                                            options.withSource(
                                                    parameter ->
                                                            WeightRows.of(
                                                                    new float[] {5, 6, 7, 8},
                                                                    2,
                                                                    2))));
            later = again.get(60, TimeUnit.SECONDS);
            assertThat(Twins.forward(linear, x, null).get(0).toFloatArray())
                    .containsExactly(65, 87);
        } finally {
            go.countDown();
        }

        assertThat(call.get(60, TimeUnit.SECONDS)).containsExactly(21, 43);
        assertThat(earlier.compiled()).isEqualTo(1);
        assertThat(earlier.kinds()).isZero();
        assertThat(later.compiled()).isEqualTo(1);
        assertThat(later.kinds()).isEqualTo(1);
    }

    /** Arrays of 16 and 32 MB in turns. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_arraysOfOtherTypes_freesTheOld(NDManager manager) throws Exception {
        Linear linear = Linear.withoutBias(SIZE, SIZE);
        linear.freezeParameters(true);
        linear.initialize(manager, DataType.FLOAT32, new Shape(1, SIZE));
        PassStatistics statistics = TorchScript.compile(linear, manager, DEMANDED);
        inTurns(linear, manager, 4);
        long before = NativeMemory.inUse();
        inTurns(linear, manager, 20);
        assertThat(statistics.compiled()).isEqualTo(24);
        assertThat(statistics.portable()).isZero();
        // Kept, they would be 480 MB.
        long allowed = 200L * 1024 * 1024;
        assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
    }

    private static void inTurns(Linear linear, NDManager manager, int times) {
        Parameter weight = linear.getParameters().valueAt(0);
        for (int i = 0; i < times; i++) {
            DataType type = i % 2 == 0 ? DataType.FLOAT64 : DataType.FLOAT32;
            weight.close();
            weight.setInitializer(new ConstantInitializer(i));
            weight.initialize(manager, type);
            try (NDManager own = manager.newSubManager()) {
                NDArray x = own.ones(new Shape(1, SIZE), type);
                NDArray y = Twins.forward(linear, new NDList(x), null).get(0);
                assertThat(y.toType(DataType.FLOAT64, true).toDoubleArray())
                        .containsOnly((double) SIZE * i);
            }
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_managerClosed_runsBlockByBlock(EngineUnderTest engine, NDManager manager) {
        Linear linear =
                Twins.initialized(
                        Linear.withBias(E, 3), manager, DataType.FLOAT32, new Shape(2, E));
        NDList x = new NDList(manager.ones(new Shape(2, E)));
        NDArray expected = Twins.forward(linear, x, null).get(0);
        PassStatistics statistics;
        try (NDManager brief = engine.newManager()) {
            statistics = TorchScript.compile(linear, brief, CompileOptions.defaults());
            Twins.forward(linear, x, null);
        }
        assertThat(Twins.forward(linear, x, null).get(0)).isExactly(expected);
        assertThat(statistics.compiled()).isEqualTo(1);
        assertThat(statistics.portable()).isEqualTo(1);
    }

    /** What a call is in stays until it ends; the next runs block by block. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_managerClosedDuringACall_endsAsItBegan(EngineUnderTest engine, NDManager manager)
            throws Exception {
        Linear linear = Linear.withoutBias(2, 2);
        linear.freezeParameters(true);
        linear.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        linear.getParameters().valueAt(0).getArray().muli(0);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        NDManager brief = engine.newManager();
        PassStatistics statistics =
                TorchScript.compile(
                        linear,
                        brief,
                        CompileOptions.defaults()
                                .withWeights(WeightFormat.FLOAT32)
                                .withSource(waiting(inside, go)));
        NDList x = new NDList(manager.create(new float[] {1, 10}, new Shape(1, 2)));
        CompletableFuture<float[]> call =
                CompletableFuture.supplyAsync(
                        () -> Twins.forward(linear, x, null).get(0).toFloatArray());
        try {
            assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();
            brief.close();
            assertThat(Twins.forward(linear, x, null).get(0).toFloatArray()).containsOnly(0);
            assertThat(statistics.kinds()).isZero();
        } finally {
            go.countDown();
        }
        assertThat(call.get(60, TimeUnit.SECONDS)).containsExactly(21, 43);
        assertThat(statistics.compiled()).isEqualTo(1);
        assertThat(statistics.portable()).isEqualTo(1);
        assertThat(statistics.kinds()).isZero();
    }

    /** The weight (1, 2; 3, 4), when it may be read. */
    private static WeightSource waiting(CountDownLatch inside, CountDownLatch go) {
        return parameter -> {
            inside.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new UnsupportedOperationException(e);
            }
            return WeightRows.of(new float[] {1, 2, 3, 4}, 2, 2);
        };
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_managerClosed_demandedFails(EngineUnderTest engine, NDManager manager) {
        Linear linear =
                Twins.initialized(
                        Linear.withBias(E, 3), manager, DataType.FLOAT32, new Shape(2, E));
        NDList x = new NDList(manager.ones(new Shape(2, E)));
        try (NDManager brief = engine.newManager()) {
            TorchScript.compile(linear, brief, DEMANDED);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> Twins.forward(linear, x, null))
                .withMessage(
                        "Linear was to run compiled but cannot: the manager it was compiled for is"
                                + " closed");
    }

    /** The native list of weights holds them whatever becomes of their arrays. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void close_ofTheManager_freesTheWeights(EngineUnderTest engine) {
        compileAndClose(engine, 5);
        long before = NativeMemory.inUse();
        compileAndClose(engine, 60);
        // Kept, they would be 960 MB.
        long allowed = 240L * 1024 * 1024;
        assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
    }

    private static void compileAndClose(EngineUnderTest engine, int times) {
        for (int i = 0; i < times; i++) {
            try (NDManager own = engine.newManager()) {
                Linear linear = Linear.withoutBias(SIZE, SIZE);
                linear.freezeParameters(true);
                linear.initialize(own, DataType.FLOAT32, new Shape(1, SIZE));
                TorchScript.compile(linear, own, CompileOptions.defaults().demanded());
                Twins.forward(linear, new NDList(own.ones(new Shape(1, SIZE))), null);
            }
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_twoThousandSteps_leavesNothingBehind(NDManager manager) {
        Twins<CausalLanguageModel> twins =
                Twins.of(
                        () -> Decoders.languageModel(Twins.decoder(5000).build()),
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults(),
                        new Shape(1, 1));
        try (KeyValueCache cache = KeyValueCache.rolling(manager, 2, 32)) {
            steps(twins, cache, 400);
            long before = NativeMemory.inUse();
            int open = LeakGuard.ofEngine(manager).openArrays();
            steps(twins, cache, 1600);
            assertThat(LeakGuard.ofEngine(manager).openArrays()).isEqualTo(open);
            // An array a step, of 2 KiB, would be 3 MiB a tensor.
            long allowed = 24L * 1024 * 1024;
            assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
        }
        assertThat(twins.statistics().compiled()).isEqualTo(2000);
    }

    private static void steps(Twins<CausalLanguageModel> twins, KeyValueCache cache, int steps) {
        for (int step = 0; step < steps; step++) {
            try (NDManager own = twins.manager().newSubManager()) {
                NDArray ids = own.create(new long[] {step % 13, 5}, new Shape(2, 1));
                twins.compiled(new NDList(ids), params(cache));
            }
        }
    }
}

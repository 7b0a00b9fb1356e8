package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.feedforward.RouterLog;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What cannot run compiled, and what fails: as if it had not been compiled. */
class CompiledFailureTest {

    private static final int CONTEXT = 20;
    private static final int E = Twins.E;
    private static final String NO_NUMBERS =
            "a recorded array (2, 3, 12) has no numbers: a block that reads them, or computes past"
                    + " Kernels, cannot be recorded";

    private static Twins<CausalLanguageModel> decoders(NDManager manager) {
        return Twins.of(
                () -> Decoders.languageModel(Twins.decoder(CONTEXT).build()),
                manager,
                DataType.FLOAT32,
                CompileOptions.defaults(),
                new Shape(1, 1));
    }

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }

    /** What compiled passes left in the cache is no FLOAT16, by which name it goes. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_cacheOfBfloat16BlockByBlock_saysSo(NDManager manager) {
        Twins<CausalLanguageModel> twins =
                Twins.of(
                        () -> Decoders.languageModel(Twins.decoder(CONTEXT).build()),
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults().withWeights(WeightFormat.BFLOAT16),
                        new Shape(1, 1));
        try (KeyValueCache cache = KeyValueCache.growing(manager, Twins.LAYERS)) {
            twins.compiled(new NDList(twins.ids(1, 1, 3)), params(cache));
            PairList<String, Object> unknown = params(cache);
            unknown.add("unknown", new Object());
            assertThatIllegalStateException()
                    .isThrownBy(() -> twins.compiled(new NDList(twins.ids(2, 1, 1)), unknown))
                    .withMessage(
                            "CausalLanguageModel cannot run this pass compiled: param unknown of"
                                    + " Object is not known; and block by block it cannot read the"
                                    + " cache, which holds bfloat16 of compiled passes: mend that,"
                                    + " or begin the sequence again with another cache");
            assertThat(cache.length()).isEqualTo(3);
            twins.compiled(new NDList(twins.ids(2, 1, 1)), params(cache));
            assertThat(cache.length()).isEqualTo(4);
        }
        try (KeyValueCache fresh = KeyValueCache.growing(manager, Twins.LAYERS)) {
            PairList<String, Object> unknown = params(fresh);
            unknown.add("unknown", new Object());
            twins.compiled(new NDList(twins.ids(1, 1, 3)), unknown);
            assertThat(fresh.length()).isEqualTo(3);
        }
    }

    /** Its caches and results would be of another type than packed weights compute. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_formatForFloat16_isRefused(NDManager manager) {
        for (boolean given : new boolean[] {false, true}) {
            CompileOptions options =
                    CompileOptions.defaults().withWeights(WeightFormat.INT8).demanded();
            WeightSource rows = parameter -> (row, values) -> values[0] = row;
            Twins<CausalLanguageModel> twins =
                    Twins.of(
                            () -> Decoders.languageModel(Twins.decoder(CONTEXT).build()),
                            manager,
                            DataType.FLOAT16,
                            given ? options.withSource(rows) : options,
                            new Shape(1, 1));
            assertThatIllegalStateException()
                    .isThrownBy(() -> twins.compiled(new NDList(twins.ids(1, 2, 3)), null))
                    .withMessageEndingWith(
                            " is float16, and formats are for weights of float32: load it so, or"
                                    + " leave the format out");
        }
    }

    /** Each wrong pass, in the middle of a sequence, leaves no trace in it. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_wrongInputs_failAsPortableAndLeaveTheCacheUsable(NDManager manager) {
        Twins<CausalLanguageModel> twins = decoders(manager);
        List<NDList> wrong =
                List.of(
                        new NDList(manager.create(new long[] {1, 13}, new Shape(2, 1))),
                        new NDList(manager.create(new long[] {1, -1}, new Shape(2, 1))),
                        new NDList(manager.create(new long[] {1, 2, 3}, new Shape(3, 1))),
                        new NDList(twins.ids(1, 2, 1), manager.ones(new Shape(2, 4))),
                        new NDList(
                                twins.ids(1, 2, 1), manager.ones(new Shape(2, 3), DataType.INT64)),
                        new NDList(
                                twins.ids(1, 2, 1),
                                manager.ones(new Shape(2, 5, 1, 4), DataType.FLOAT32)),
                        new NDList(twins.ids(1, 2, CONTEXT)),
                        new NDList(manager.ones(new Shape(2, 1, E), DataType.FLOAT64)),
                        new NDList(manager.zeros(new Shape(2, 0), DataType.INT64)));
        for (CachePolicy policy :
                List.of(
                        CachePolicy.growing(),
                        CachePolicy.preallocated(CONTEXT),
                        CachePolicy.rolling(3))) {
            List<CachePolicy> policies = List.of(policy, policy);
            try (KeyValueCache cache = KeyValueCache.of(manager, policies);
                    KeyValueCache plain = KeyValueCache.of(manager, policies)) {
                for (NDList inputs : wrong) {
                    NDList right = new NDList(twins.ids(1, 2, 3));
                    cache.truncate(0);
                    plain.truncate(0);
                    twins.compiled(right, params(cache));
                    twins.plain(right, params(plain));
                    Throwable expected = failure(() -> twins.plain(inputs, params(plain)));
                    Throwable found = failure(() -> twins.compiled(inputs, params(cache)));
                    assertThat(found).hasSameClassAs(expected).hasMessage(expected.getMessage());
                    assertThat(cache.lengths()).containsExactly(3);
                    NDList next = new NDList(twins.ids(2, 2, 2));
                    assertThat(twins.compiled(next, params(cache)))
                            .isCloseTo(
                                    twins.plain(next, params(plain)),
                                    Twins.tolerance(DataType.FLOAT32, 5));
                }
            }
        }
    }

    private static Throwable failure(Supplier<NDArray> pass) {
        return catchThrowable(pass::get);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_cacheClosedOrFull_failsAsPortable(NDManager manager) {
        Twins<CausalLanguageModel> twins = decoders(manager);
        NDList ids = new NDList(twins.ids(1, 2, 3));
        KeyValueCache cache = KeyValueCache.preallocated(manager, 2, 5);
        twins.compiled(ids, params(cache));
        assertThatIllegalStateException()
                .isThrownBy(() -> twins.compiled(ids, params(cache)))
                .withMessageStartingWith("a cache of capacity 5 that holds 3 tokens of layer 0");
        assertThat(cache.length()).isEqualTo(3);
        NDList two = new NDList(twins.ids(1, 2, 2));
        twins.compiled(two, params(cache));
        assertThat(cache.length()).isEqualTo(5);
        cache.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> twins.compiled(two, params(cache)))
                .withMessage("the key/value cache is closed: make a new one");
    }

    /** Demanded, the engine's own words are all there is. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_demandedAndTheEngineFails_throwsAndLeavesTheCache(NDManager manager) {
        Twins<CausalLanguageModel> twins = Twins.decoders(CONTEXT, manager, DataType.FLOAT32);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            twins.compiled(new NDList(twins.ids(1, 2, 3)), params(cache));
            NDList wrong = new NDList(manager.create(new long[] {1, 13}, new Shape(2, 1)));
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> twins.compiled(wrong, params(cache)));
            assertThat(cache.length()).isEqualTo(3);
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_whatCannotBeCompiled_runsBlockByBlockOrIsAnError(NDManager manager) {
        refuses(new RouterLogged(), manager, "param routerLog of RouterLog is not known");
        refuses(new Reading(), manager, NO_NUMBERS);
        refuses(new OwnMath(), manager, NO_NUMBERS);
    }

    private static void refuses(Subject subject, NDManager manager, String reason) {
        Twins<KernelBlock> free =
                Twins.of(
                        subject::block,
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults(),
                        new Shape(1, 1, E));
        NDList x = new NDList(free.random(1, 2, 3, E));
        for (int pass = 0; pass < 2; pass++) {
            assertThat(free.compiled(x, subject.params()))
                    .isExactly(free.plain(x, subject.params()));
        }
        assertThat(free.statistics().portable()).isEqualTo(2);
        assertThat(free.statistics().kinds()).isZero();
        Twins<KernelBlock> demanded =
                Twins.of(subject::block, manager, DataType.FLOAT32, new Shape(1, 1, E));
        assertThatIllegalStateException()
                .isThrownBy(() -> demanded.compiled(x, subject.params()))
                .withMessageContaining(" was to run compiled but cannot: ")
                .withMessageContaining(reason);
    }

    /** A block and the params it is given. */
    private interface Subject {
        KernelBlock block();

        default @Nullable PairList<String, Object> params() {
            return null;
        }
    }

    private record RouterLogged() implements Subject {
        @Override
        public KernelBlock block() {
            List<GatedFeedForward> experts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                experts.add(
                        GatedFeedForward.of(
                                Linear.withoutBias(E, 5),
                                Linear.withoutBias(E, 5),
                                Linear.withoutBias(5, E)));
            }
            Router router =
                    Router.builder().setHiddenSize(E).setExperts(3).setExpertsPerToken(2).build();
            return MixtureOfExperts.builder().setRouter(router).setExperts(experts).build();
        }

        @Override
        public PairList<String, Object> params() {
            return new RouterLog().addTo(new PairList<>());
        }
    }

    /** Reads a number of its input. */
    private record Reading() implements Subject {
        @Override
        public KernelBlock block() {
            return new Own() {
                @Override
                NDArray of(NDArray x) {
                    return x.mul(x.toFloatArray()[0]);
                }
            };
        }
    }

    /** Computes past the kernels. */
    private record OwnMath() implements Subject {
        @Override
        public KernelBlock block() {
            return new Own() {
                @Override
                NDArray of(NDArray x) {
                    return x.mul(2);
                }
            };
        }
    }

    private abstract static class Own extends UnaryBlock {
        Own() {
            super("x (..., E)");
        }

        abstract NDArray of(NDArray x);

        @Override
        protected Shape outputShape(Shape input) {
            return input;
        }

        @Override
        protected NDArray compute(
                ParameterStore store,
                NDArray x,
                boolean training,
                @Nullable PairList<String, Object> params) {
            return of(x);
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_beforeItIsInitialised_isNotRememberedAsImpossible(NDManager manager) {
        Linear linear = Linear.withBias(E, 3);
        linear.freezeParameters(true);
        PassStatistics statistics =
                TorchScript.compile(linear, manager, CompileOptions.defaults().demanded());
        NDList x = new NDList(manager.ones(new Shape(2, E)));
        assertThatIllegalStateException()
                .isThrownBy(() -> Twins.forward(linear, x, null))
                .withMessageContaining(" has no values: initialise or load it");
        Twins.initialized(linear, manager, DataType.FLOAT32, new Shape(2, E));
        Twins.forward(linear, x, null);
        assertThat(statistics.compiled()).isEqualTo(1);
    }

    private static Linear linear() {
        return Linear.withBias(E, 3);
    }

    @EachEngine(engines = "MXNet")
    void compile_managerOfAnotherEngine_saysSo(NDManager manager) {
        LeakGuard.of(manager)
                .check(
                        () ->
                                assertThatIllegalArgumentException()
                                        .isThrownBy(
                                                () ->
                                                        TorchScript.compile(
                                                                linear(),
                                                                manager,
                                                                CompileOptions.defaults()))
                                        .withMessage(
                                                "passes are compiled for engine PyTorch, but the"
                                                        + " manager is of MXNet: give a manager of"
                                                        + " PyTorch"));
    }

    /** A compiled block inside a compiled block, of ours and of DJL's containers. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void compile_partsToo_runsTheWhole(NDManager manager) {
        Twins<MultiHeadAttention> twins =
                Twins.of(
                        () ->
                                MultiHeadAttention.builder()
                                        .setProjections(
                                                Linear.withBias(E, 8),
                                                Linear.withBias(E, 8),
                                                Linear.withBias(E, 8),
                                                Linear.withBias(8, E))
                                        .setQueryHeads(2)
                                        .build(),
                        manager,
                        DataType.FLOAT32,
                        new Shape(1, 1, E));
        CompileOptions demanded = CompileOptions.defaults().demanded();
        var wrapped =
                TorchScript.compiled(
                        TorchScript.compiled(twins.compiled(), manager, demanded),
                        manager,
                        demanded);
        NDList x = new NDList(twins.random(1, 2, 3, E));
        assertThat(Twins.forward(wrapped, x, null).get(0))
                .isCloseTo(twins.plain(x, null), Twins.tolerance(DataType.FLOAT32, 3));
        // The attention within the layer runs its own pass where the layer is not compiled.
        TorchScript.compile(
                (KernelBlock) twins.plain().getChildren().get(0).getValue(), manager, demanded);
        NDArray parts = twins.plain(x, AttentionContext.none().toParams());
        assertThat(parts).isCloseTo(twins.compiled(x, null), Twins.tolerance(DataType.FLOAT32, 3));
    }

    /** A number among the params that differs each time would compile each time. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_numbersThatDiffer_endsCompiling(NDManager manager) {
        Twins<Linear> twins =
                Twins.of(
                        CompiledFailureTest::linear,
                        manager,
                        DataType.FLOAT32,
                        CompileOptions.defaults(),
                        new Shape(2, E));
        NDList x = new NDList(twins.random(1, 2, E));
        for (int i = 0; i < 103; i++) {
            PairList<String, Object> params = new PairList<>();
            params.add("temperature", i);
            twins.compiled(x, params);
        }
        assertThat(twins.statistics().kinds()).isEqualTo(100);
        assertThat(twins.statistics().portable()).isEqualTo(3);
    }
}

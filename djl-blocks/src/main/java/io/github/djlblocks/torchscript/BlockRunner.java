package io.github.djlblocks.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.PassRunner;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the passes of a block compiled: each kind of pass is recorded, printed and loaded when it
 * first comes, and kept.
 */
final class BlockRunner implements PassRunner, PassStatistics {

    private static final Logger LOG = LoggerFactory.getLogger(TorchScript.class);

    private final Block block;
    private final CompileOptions options;
    private final PtNDManager manager;
    private final Map<List<Object>, Kept> passes = new ConcurrentHashMap<>();
    private final WeightShare weights;
    private final PassCompiler compiler;
    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final LongAdder compiled = new LongAdder();
    private final LongAdder portable = new LongAdder();
    private final CallGate calls = new CallGate(this::free);
    private final PtNDManager parent;
    private final String id = "compiled " + UUID.randomUUID();
    private volatile boolean replaced;

    /** A computation, or why there is none. */
    private record Kept(@Nullable CompiledPass pass, @Nullable RuntimeException failure) {}

    /** More kinds of passes than this are none, but a number that differs in every call. */
    private static final int MOST_PASSES = 100;

    BlockRunner(Block block, NDManager parent, CompileOptions options) {
        this(block, parent, options, new WeightShare(block, options, pyTorch(parent).getDevice()));
    }

    /** As above; its weights are named and kept as those of a larger block. */
    BlockRunner(Block block, NDManager parent, CompileOptions options, WeightShare weights) {
        this.block = block;
        this.options = options;
        this.weights = weights;
        this.parent = pyTorch(parent);
        if (!parent.isOpen()) {
            throw new IllegalStateException("the manager to compile for is closed");
        }
        weights.join();
        // A manager of its own, for that of the user may be closed while calls are in a pass.
        manager = (PtNDManager) NDManager.newBaseManager(parent.getDevice(), "PyTorch");
        manager.setName("compiled");
        compiler = new PassCompiler(block, options, weights, manager);
        parent.attachInternal(id, calls::shut);
    }

    static PtNDManager pyTorch(NDManager manager) {
        if (manager instanceof PtNDManager ours) {
            return ours;
        }
        throw new IllegalArgumentException(
                "passes are compiled for engine PyTorch, but the manager is of "
                        + manager.getEngine().getEngineName()
                        + ": give a manager of PyTorch");
    }

    @Override
    public @Nullable NDList run(NDList inputs, @Nullable PairList<String, Object> params) {
        if (!calls.enter()) {
            return replaced
                    ? null
                    : portable(
                            new UnsupportedOperationException(
                                    "the manager it was compiled for is closed"),
                            params);
        }
        try {
            return attempt(inputs, params);
        } finally {
            calls.leave();
        }
    }

    /** Compiled passes of bfloat16 leave in caches what blocks would take for FLOAT16. */
    private void requireReadable(
            @Nullable PairList<String, Object> params, RuntimeException reason) {
        if (params == null || options.types() != ScriptTypes.BFLOAT16) {
            return;
        }
        for (Object value : params.values()) {
            if (value instanceof KeyValueCache cache
                    && cache.length() > 0
                    && cache.slot(0).content().get(0).getDataType() == DataType.FLOAT16) {
                throw new IllegalStateException(
                        compiler.name()
                                + " cannot run this pass compiled: "
                                + reason.getMessage()
                                + "; and block by block it cannot read the cache, which holds"
                                + " bfloat16 of compiled passes: mend that, or begin the sequence"
                                + " again with another cache",
                        reason);
            }
        }
    }

    @Override
    public void replaced() {
        replaced = true;
        parent.detachInternal(id);
        calls.shut();
    }

    private @Nullable NDList attempt(NDList inputs, @Nullable PairList<String, Object> params) {
        try {
            PassArguments arguments = new PassArguments(inputs, params);
            arguments.arrays().forEach(this::require);
            try {
                return run(arguments);
            } catch (WeightStore.OtherWeights e) {
                LOG.info("{}: compiled anew: {}", compiler.name(), e.getMessage());
                forget(arguments.signature());
                return run(arguments);
            }
        } catch (UnsupportedOperationException e) {
            return portable(e, params);
        } catch (EngineException | IllegalArgumentException | IllegalStateException e) {
            if (options.isDemanded()) {
                throw e;
            }
            requireReadable(params, e);
            // What is wrong with the arguments is said best by the blocks themselves.
            portable.increment();
            LOG.warn(
                    "{}: a compiled pass failed and runs block by block: {}",
                    compiler.name(),
                    e.getMessage());
            return null;
        }
    }

    private NDList run(PassArguments arguments) {
        PtNDManager results = (PtNDManager) arguments.inputs().get(0).getManager();
        NDList outputs = null;
        while (outputs == null) {
            // One that another call has forgotten since is compiled again.
            outputs = pass(arguments).run(results, arguments);
        }
        compiled.increment();
        return outputs;
    }

    @Override
    public int kinds() {
        return (int) passes.values().stream().filter(kept -> kept.pass() != null).count();
    }

    @Override
    public long compiled() {
        return compiled.sum();
    }

    @Override
    public long portable() {
        return portable.sum();
    }

    private void forget(List<Object> signature) {
        synchronized (passes) {
            Kept kept = passes.remove(signature);
            if (kept != null && kept.pass() != null) {
                kept.pass().close();
            }
        }
    }

    @Override
    public boolean keepsWeights() {
        return options.hasSource()
                && ParameterPaths.of(block).values().stream()
                        .anyMatch(parameter -> !parameter.isInitialized());
    }

    @Override
    public boolean copiesWeights() {
        return options.weights() != null;
    }

    private @Nullable NDList portable(
            RuntimeException reason, @Nullable PairList<String, Object> params) {
        portable.increment();
        if (options.isDemanded()) {
            throw new IllegalStateException(
                    compiler.name() + " was to run compiled but cannot: " + reason.getMessage(),
                    reason);
        }
        requireReadable(params, reason);
        if (told.add(String.valueOf(reason.getMessage()))) {
            LOG.info("{} runs block by block: {}", compiler.name(), reason.getMessage());
        }
        return null;
    }

    private void require(NDArray array) {
        if (!(array instanceof PtNDArray)) {
            throw new UnsupportedOperationException(
                    "an array is on engine " + array.getManager().getEngine().getEngineName());
        }
        if (array.hasGradient()) {
            throw new UnsupportedOperationException("an input has a gradient");
        }
        if (!array.getDevice().equals(manager.getDevice())) {
            throw new UnsupportedOperationException(
                    "an array is on "
                            + array.getDevice()
                            + ", and the block was compiled for "
                            + manager.getDevice());
        }
    }

    private CompiledPass pass(PassArguments arguments) {
        Kept kept = passes.get(arguments.signature());
        if (kept == null) {
            synchronized (passes) {
                forgetOlder(arguments.signature());
                if (kindsOf(adapter(arguments.signature())) >= MOST_PASSES) {
                    throw new UnsupportedOperationException(
                            MOST_PASSES
                                    + " kinds of passes are compiled already: a number or text"
                                    + " among the params should not differ from call to call");
                }
                kept = passes.computeIfAbsent(arguments.signature(), key -> compiled(arguments));
            }
        }
        if (kept.failure() != null) {
            throw kept.failure();
        }
        if (kept.pass() == null) {
            throw new IllegalStateException("neither a pass nor a failure");
        }
        return kept.pass();
    }

    /** Passes of an adapter that another one of the same name has replaced. */
    private void forgetOlder(List<Object> signature) {
        AdapterChoice now = adapter(signature);
        if (now == null) {
            return;
        }
        for (List<Object> known : List.copyOf(passes.keySet())) {
            AdapterChoice other = adapter(known);
            if (other != null && other.name().equals(now.name()) && !other.equals(now)) {
                forget(known);
            }
        }
    }

    private long kindsOf(@Nullable AdapterChoice adapter) {
        return passes.keySet().stream()
                .filter(known -> Objects.equals(adapter(known), adapter))
                .count();
    }

    private static @Nullable AdapterChoice adapter(List<Object> signature) {
        for (Object part : signature) {
            if (part instanceof AdapterChoice choice) {
                return choice;
            }
        }
        return null;
    }

    private Kept compiled(PassArguments arguments) {
        try {
            return new Kept(compiler.compile(arguments), null);
        } catch (WeightStore.MissingWeights e) {
            // Another call may find them.
            throw e;
        } catch (UnsupportedOperationException e) {
            return new Kept(null, e);
        }
    }

    /** When the last call has left that came before it was closed or replaced. */
    private void free() {
        passes.values().stream()
                .map(Kept::pass)
                .filter(Objects::nonNull)
                .forEach(CompiledPass::close);
        passes.clear();
        weights.leave();
        manager.close();
        NativeHeap.trim();
    }
}

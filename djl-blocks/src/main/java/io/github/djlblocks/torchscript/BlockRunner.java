package io.github.djlblocks.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.PassRunner;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the passes of a block compiled: each kind of pass is recorded, printed and loaded when it
 * first comes, and kept.
 */
final class BlockRunner implements PassRunner, PassStatistics, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TorchScript.class);

    private final Block block;
    private final CompileOptions options;
    private final PtNDManager manager;
    private final Map<List<Object>, Kept> passes = new ConcurrentHashMap<>();
    private final WeightShare weights;
    private final PassCompiler compiler;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final LongAdder compiled = new LongAdder();
    private final LongAdder portable = new LongAdder();
    private final CallGate calls = new CallGate(this::close);

    /** A computation, or why there is none. */
    private record Kept(@Nullable CompiledPass pass, @Nullable RuntimeException failure) {}

    /** More kinds of passes than this are none, but a number that differs in every call. */
    private static final int MOST_PASSES = 100;

    BlockRunner(Block block, NDManager parent, CompileOptions options) {
        this(block, parent, options, new WeightShare(block, options, pyTorch(parent)));
    }

    /** As above; its weights are named and kept as those of a larger block. */
    BlockRunner(Block block, NDManager parent, CompileOptions options, WeightShare weights) {
        this.block = block;
        this.options = options;
        this.weights = weights;
        weights.join();
        manager = (PtNDManager) pyTorch(parent).newSubManager();
        manager.setName("compiled");
        compiler = new PassCompiler(block, options, weights, manager);
        // The native lists of weights belong to no manager.
        manager.attachInternal("passes", this);
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
            return null;
        }
        try {
            return attempt(inputs, params);
        } finally {
            calls.leave();
        }
    }

    @Override
    public void replaced() {
        calls.shut();
    }

    private @Nullable NDList attempt(NDList inputs, @Nullable PairList<String, Object> params) {
        try {
            if (!manager.isOpen()) {
                throw new UnsupportedOperationException(
                        "the manager it was compiled for is closed");
            }
            PassArguments arguments = new PassArguments(inputs, params);
            arguments.arrays().forEach(BlockRunner::require);
            try {
                return run(arguments);
            } catch (WeightStore.OtherWeights e) {
                LOG.info("{}: compiled anew: {}", compiler.name(), e.getMessage());
                forget(arguments.signature());
                return run(arguments);
            }
        } catch (UnsupportedOperationException e) {
            return portable(e);
        } catch (EngineException | IllegalArgumentException | IllegalStateException e) {
            if (options.isDemanded()) {
                throw e;
            }
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
        NDList outputs = pass(arguments).run(results, arguments);
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
                kept.pass().retire();
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

    private @Nullable NDList portable(RuntimeException reason) {
        portable.increment();
        if (options.isDemanded()) {
            throw new IllegalStateException(
                    compiler.name() + " was to run compiled but cannot: " + reason.getMessage(),
                    reason);
        }
        if (told.add(String.valueOf(reason.getMessage()))) {
            LOG.info("{} runs block by block: {}", compiler.name(), reason.getMessage());
        }
        return null;
    }

    private static void require(NDArray array) {
        if (!(array instanceof PtNDArray)) {
            throw new UnsupportedOperationException(
                    "an array is on engine " + array.getManager().getEngine().getEngineName());
        }
        if (array.hasGradient()) {
            throw new UnsupportedOperationException("an input has a gradient");
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

    @Override
    public void close() {
        passes.values()
                .forEach(
                        kept -> {
                            if (kept.pass() != null) {
                                kept.pass().close();
                            }
                        });
        passes.clear();
        if (!closed.getAndSet(true)) {
            weights.leave();
        }
        manager.close();
        NativeHeap.trim();
    }
}

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
import io.github.djlblocks.core.PassRunner;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the passes of a block compiled: each kind of pass is recorded, printed and loaded when it
 * first comes, and kept.
 */
final class BlockRunner implements PassRunner, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TorchScript.class);

    private final Block block;
    private final CompileOptions options;
    private final PtNDManager manager;
    private final Map<List<Object>, Kept> passes = new ConcurrentHashMap<>();
    private @Nullable WeightStore store;
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    /** A computation, or why there is none. */
    private record Kept(@Nullable CompiledPass pass, @Nullable RuntimeException failure) {}

    BlockRunner(Block block, NDManager parent, CompileOptions options) {
        this.block = block;
        this.options = options;
        manager = (PtNDManager) parent.newSubManager();
        manager.setName("compiled");
    }

    private WeightStore store() {
        synchronized (passes) {
            if (store == null) {
                store =
                        new WeightStore(
                                manager, new WeightPlan(block, options, KernelTrials.choice()));
            }
            return store;
        }
    }

    @Override
    public @Nullable NDList run(NDList inputs, @Nullable PairList<String, Object> params) {
        if (!manager.isOpen()) {
            return null;
        }
        try {
            PassArguments arguments = new PassArguments(inputs, params);
            arguments.arrays().forEach(BlockRunner::require);
            CompiledPass pass = pass(arguments);
            PtNDManager results = (PtNDManager) inputs.get(0).getManager();
            return pass.run(results, arguments);
        } catch (UnsupportedOperationException e) {
            return portable(e);
        } catch (EngineException e) {
            if (options.isDemanded()) {
                throw e;
            }
            LOG.warn(
                    "{}: a compiled pass failed and runs block by block: {}",
                    name(),
                    e.getMessage());
            return null;
        }
    }

    private @Nullable NDList portable(RuntimeException reason) {
        if (options.isDemanded()) {
            throw new IllegalStateException(
                    name() + " was to run compiled but cannot: " + reason.getMessage(), reason);
        }
        if (told.add(String.valueOf(reason.getMessage()))) {
            LOG.info("{} runs block by block: {}", name(), reason.getMessage());
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

    private Kept compiled(PassArguments arguments) {
        try {
            return new Kept(compile(arguments), null);
        } catch (UnsupportedOperationException e) {
            return new Kept(null, e);
        }
    }

    private CompiledPass compile(PassArguments arguments) {
        long start = System.nanoTime();
        Tracer tracer = new Tracer(manager);
        List<TracedArray> arrays = new ArrayList<>();
        for (NDArray array : arguments.arrays()) {
            arrays.add(tracer.input(array.getShape(), array.getDataType()));
        }
        TracedCache.Uses uses = new TracedCache.Uses();
        List<TracedCache> caches = new ArrayList<>();
        for (CacheArgument cache : arguments.caches()) {
            caches.add(new TracedCache(tracer, cache, uses, caches.size()));
        }
        int inputs = arguments.inputs().size();
        NDList traced = new NDList(new ArrayList<NDArray>(arrays.subList(0, inputs)));
        NDList outputs = forward(tracer, traced, arguments.traced(arrays, caches));
        Graph graph = tracer.finish(outputs);
        ScriptTypes types = options.types();
        Script script = Script.of(graph, types, new StoredTensors(store()), uses.buffers());
        LOG.debug("{}", script.methods().get(0));
        CompiledPass pass =
                new CompiledPass(
                        new ScriptModule(manager, script.methods()),
                        store(),
                        types,
                        caches,
                        uses,
                        graph.inputs());
        LOG.info(
                "{}: compiled a pass of {} primitives in {} ms",
                name(),
                graph.nodes().size(),
                (System.nanoTime() - start) / 1_000_000);
        return pass;
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private NDList forward(
            Tracer tracer, NDList inputs, @Nullable PairList<String, Object> params) {
        return block.forward(tracer.store(DataType.FLOAT32), inputs, false, params);
    }

    private String name() {
        return block.getClass().getSimpleName();
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
        if (store != null) {
            store.close();
        }
        manager.close();
    }
}

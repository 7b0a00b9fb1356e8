package io.github.djlblocks.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.PairList;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes passes of a block: records one, prints it, and loads the script. */
class PassCompiler {

    private static final Logger LOG = LoggerFactory.getLogger(TorchScript.class);

    private final Block block;
    private final CompileOptions options;
    private final WeightShare weights;
    private final PtNDManager manager;

    /**
     * For the passes of a block.
     *
     * @param block the block
     * @param options how
     * @param weights what its passes have in common
     * @param manager of the scripts
     */
    PassCompiler(Block block, CompileOptions options, WeightShare weights, PtNDManager manager) {
        this.block = block;
        this.options = options;
        this.weights = weights;
        this.manager = manager;
    }

    /**
     * Compiles the pass that such arguments ask for.
     *
     * @throws UnsupportedOperationException if it cannot be recorded, printed or loaded
     */
    CompiledPass compile(PassArguments arguments) {
        long start = System.nanoTime();
        Tracer tracer = new Tracer(manager);
        List<TracedArray> arrays = new ArrayList<>();
        for (NDArray array : arguments.arrays()) {
            arrays.add(tracer.input(array.getShape(), array.getDataType()));
        }
        TracedCache.Uses uses = new TracedCache.Uses();
        List<TracedCache> caches = new ArrayList<>();
        for (CacheArgument cache : arguments.caches()) {
            caches.add(new TracedCache(tracer, cache, options.types(), uses, caches.size()));
        }
        int inputs = arguments.inputs().size();
        NDList traced = new NDList(new ArrayList<NDArray>(arrays.subList(0, inputs)));
        NDList outputs = forward(tracer, traced, arguments.traced(arrays, caches));
        Graph graph = tracer.finish(outputs);
        CompiledPass pass = loaded(graph, caches, uses);
        LOG.info(
                "{}: compiled a pass of {} primitives in {} ms",
                name(),
                graph.nodes().size(),
                (System.nanoTime() - start) / 1_000_000);
        return pass;
    }

    private CompiledPass loaded(Graph graph, List<TracedCache> caches, TracedCache.Uses uses) {
        PassWeights own = new PassWeights(weights.store(), mix(uses));
        ScriptModule module = null;
        CompiledPass pass = null;
        try {
            Script script = printed(graph, own, uses);
            LOG.debug("{}", script.methods().get(0));
            module = module(script.methods());
            pass = new CompiledPass(module, own, options.types(), caches, uses, graph.inputs());
            return pass;
        } catch (EngineException e) {
            throw new UnsupportedOperationException(e.getMessage(), e);
        } finally {
            if (pass == null) {
                own.close();
                if (module != null) {
                    module.close();
                }
            }
        }
    }

    /** Loads the methods of a script. */
    ScriptModule module(List<String> methods) {
        return new ScriptModule(manager, methods);
    }

    /** What keeps a cache generates, what keeps none is given whole sequences. */
    private static KernelChoice.Mix mix(TracedCache.Uses uses) {
        return uses.all().isEmpty() ? KernelChoice.Mix.ENCODING : KernelChoice.Mix.GENERATION;
    }

    private Script printed(Graph graph, PassWeights own, TracedCache.Uses uses) {
        try {
            LinearEmitter.choose(graph, own);
            return Script.of(graph, options.types(), own, uses.buffers());
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new UnsupportedOperationException(e.getMessage(), e);
        }
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private NDList forward(
            Tracer tracer, NDList inputs, @Nullable PairList<String, Object> params) {
        try {
            return block.forward(tracer.store(DataType.FLOAT32), inputs, false, params);
        } catch (ClassCastException | IndexOutOfBoundsException | NullPointerException e) {
            throw new UnsupportedOperationException("it cannot be recorded: " + e, e);
        }
    }

    /** What the block is called in the log. */
    String name() {
        String name = block.getClass().getSimpleName();
        return name.isEmpty() ? block.getClass().getName() : name;
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Tracer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pass of a block, as a method of a file is to do it.
 *
 * @param name of the method
 * @param method what was asked for
 * @param graph the pass
 * @param arguments names for the inputs of the graph
 * @param caches what it continues
 */
record RecordedMethod(
        String name,
        ExportMethod method,
        Graph graph,
        List<String> arguments,
        List<FileCache> caches) {

    /** Runs a block on symbolic arrays. */
    static RecordedMethod of(String name, ExportMethod method, Block block, NDManager manager) {
        Tracer tracer = new Tracer(manager);
        NDList inputs = new NDList();
        method.inputs()
                .values()
                .forEach(input -> inputs.add(tracer.input(input.shape(), input.type())));
        PassArguments given = new PassArguments(inputs, method.params());
        List<String> names = new ArrayList<>(method.inputs().keySet());
        names.addAll(ParamNames.of(method.params()));
        List<NDArray> arrays = new ArrayList<>(inputs);
        for (NDArray example : given.arrays().subList(inputs.size(), names.size())) {
            arrays.add(tracer.input(example.getShape(), example.getDataType()));
        }
        List<FileCache> caches = caches(name, method, given, tracer);
        if (!caches.isEmpty() && names.contains(ArgumentNames.PAST)) {
            throw new UnsupportedOperationException(
                    "an input of method "
                            + name
                            + " is named past, as its caches are: give it another name");
        }
        NDList outputs =
                forward(block.getClass(), block, tracer, inputs, given.traced(arrays, caches));
        return new RecordedMethod(name, method, tracer.finish(outputs), names, caches);
    }

    private static List<FileCache> caches(
            String name, ExportMethod method, PassArguments given, Tracer tracer) {
        CacheForm form = method.caches();
        if (form == null && !given.caches().isEmpty()) {
            throw new UnsupportedOperationException(
                    "the params of method "
                            + name
                            + " hold a key/value cache, and a file must know what becomes of it:"
                            + " say optCaches(CacheForm.ARGUMENTS) or STATE, or export the pass"
                            + " over whole sequences");
        }
        if (given.caches().isEmpty() && (form != null || method.contextLength() > 0)) {
            throw new UnsupportedOperationException(
                    "method "
                            + name
                            + " says what becomes of its caches, but its params hold none: add one"
                            + " to optParams");
        }
        List<FileCache> caches = new ArrayList<>();
        int slots = 0;
        for (CacheArgument cache : given.caches()) {
            FileCache mine =
                    new FileCache(tracer, cache, form == null ? CacheForm.STATE : form, slots);
            slots += mine.layers();
            caches.add(mine);
        }
        return caches;
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private static NDList forward(
            Class<?> kind,
            Block block,
            Tracer tracer,
            NDList inputs,
            @Nullable PairList<String, Object> params) {
        try {
            return block.forward(tracer.store(DataType.FLOAT32), inputs, false, params);
        } catch (ClassCastException | IndexOutOfBoundsException | NullPointerException e) {
            throw new UnsupportedOperationException(
                    kind.getSimpleName() + " cannot be recorded: " + e, e);
        }
    }

    /** How many slots its caches have. */
    int slots() {
        return caches.stream().mapToInt(FileCache::layers).sum();
    }

    /** Whether it takes caches as its last argument. */
    boolean takesPast() {
        return givesPast() && !method.startsAnew();
    }

    /** Whether it gives caches behind its outputs. */
    boolean givesPast() {
        return method.caches() == CacheForm.ARGUMENTS;
    }

    boolean isOfState() {
        return method.caches() == CacheForm.STATE;
    }
}

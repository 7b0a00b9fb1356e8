package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.BlockList;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Linear map of the last axis.
 *
 * <p>{@code y = x W^T + b}, x (..., in), W (out, in), b (out), y (..., out): the layout of {@code
 * torch.nn.Linear} and of Hugging Face checkpoints. Parameters: {@code weight}, {@code bias}.
 *
 * <p>Unlike {@link ai.djl.nn.core.Linear} it knows its input size, and computes through {@link
 * Kernels}. Adapters may be added to it; each is a child {@code adapters.}<i>name</i>, and changes
 * the passes whose params choose it ({@link AdapterChoice}).
 */
public final class Linear extends UnaryBlock {

    private static final Pattern ADAPTER_NAME = Pattern.compile("[A-Za-z0-9_-]+");

    private final int inputs;
    private final int outputs;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final MergedWeights merged = new MergedWeights();

    /** Exchanged as a whole: passes of other threads read it. */
    private volatile Map<String, LinearAdapter> adapters = Map.of();

    private Linear(int inputs, int outputs, boolean withBias) {
        super("x (..., " + inputs + ")");
        this.inputs = Checks.positive("inputs", inputs);
        this.outputs = Checks.positive("outputs", outputs);
        weight = addParameter("weight", Parameter.Type.WEIGHT, new Shape(outputs, inputs));
        bias = withBias ? addParameter("bias", Parameter.Type.BIAS, new Shape(outputs)) : null;
    }

    /**
     * Creates a map with bias.
     *
     * @param inputs channels in
     * @param outputs channels out
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static Linear withBias(int inputs, int outputs) {
        return new Linear(inputs, outputs, true);
    }

    /**
     * Creates a map without bias.
     *
     * @param inputs channels in
     * @param outputs channels out
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static Linear withoutBias(int inputs, int outputs) {
        return new Linear(inputs, outputs, false);
    }

    /**
     * Returns the channels in.
     *
     * @return the size of the last axis of the input
     */
    public int getInputs() {
        return inputs;
    }

    /**
     * Returns the channels out.
     *
     * @return the size of the last axis of the output
     */
    public int getOutputs() {
        return outputs;
    }

    /**
     * Returns whether the map adds a bias.
     *
     * @return whether there is one
     */
    public boolean hasBias() {
        return bias != null;
    }

    /**
     * Reads the weight, for a block that uses it in another way than as a map of x.
     *
     * @param store where the parameters' values are
     * @param like the array it meets
     * @param training whether this is a training pass
     * @param params what the caller passes along, such as the choice of an adapter, or none
     * @return (outputs, inputs), owned by the store or by the running computation
     * @throws IllegalStateException if the adapter that was chosen is no change of the weight
     */
    public NDArray weight(
            ParameterStore store,
            NDArray like,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray own = value(store, weight, like, training);
        LinearAdapter adapter = adapter(params);
        if (adapter == null) {
            return own;
        }
        adapter.adaptBias(store, null);
        return adapter.adaptWeight(store, own, training);
    }

    /**
     * Maps x with a bias that belongs to another block.
     *
     * @param store where the parameters' values are
     * @param x (..., inputs)
     * @param otherBias (outputs), or none
     * @param training whether this is a training pass
     * @param params what the caller passes along, such as the choice of an adapter, or none
     * @return (..., outputs)
     */
    public NDArray map(
            ParameterStore store,
            NDArray x,
            @Nullable NDArray otherBias,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return map(store, x, value(store, weight, x, training), otherBias, training, params);
    }

    private NDArray map(
            ParameterStore store,
            NDArray x,
            NDArray own,
            @Nullable NDArray addedBias,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray y = Kernels.of(x).linear(x, own, addedBias);
        LinearAdapter adapter = adapter(params);
        return adapter == null ? y : call(adapter, store, new NDList(x, y), training, null);
    }

    private @Nullable LinearAdapter adapter(@Nullable PairList<String, Object> params) {
        String name = AdapterChoice.name(params);
        return name == null ? null : adapters.get(name);
    }

    /**
     * Returns the adapters.
     *
     * @return an unmodifiable map from names to adapters, by name
     */
    public Map<String, LinearAdapter> adapters() {
        return adapters;
    }

    /**
     * Adds an adapter.
     *
     * @param name its name: letters, digits, {@code _} and {@code -}
     * @param adapter made for this map
     * @throws IllegalArgumentException if the name is taken, or has other characters
     */
    public void addAdapter(String name, LinearAdapter adapter) {
        if (!ADAPTER_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "an adapter cannot be named '"
                            + name
                            + "': use letters, digits, _ and -, as it is part of paths");
        }
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "there is an adapter '" + name + "' already: remove it, or use another name");
        }
        Map<String, LinearAdapter> more = new TreeMap<>(adapters);
        more.put(name, adapter);
        adapters = Collections.unmodifiableMap(more);
        KnownAdapters.changed();
    }

    /**
     * Removes an adapter and frees its parameters. No pass may be running that chooses it.
     *
     * @param name its name; one that there is not is passed over
     * @throws IllegalStateException if it is merged into the weight
     */
    public void removeAdapter(String name) {
        if (name.equals(merged.name())) {
            throw new IllegalStateException(
                    "adapter '" + name + "' is merged into the weight: unmerge it first");
        }
        Map<String, LinearAdapter> fewer = new TreeMap<>(adapters);
        LinearAdapter removed = fewer.remove(name);
        if (removed != null) {
            adapters = Collections.unmodifiableMap(fewer);
            KnownAdapters.changed();
            removed.clear();
        }
    }

    /**
     * Changes the weight, and the bias, to what they are with an adapter. The values that were
     * there are kept in memory for {@link #unmergeAdapter}. No pass may be running.
     *
     * @param name the name of an adapter
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if one is merged already, or the weight has no values or wants
     *     a gradient
     */
    public void mergeAdapter(String name) {
        LinearAdapter adapter = adapters.get(name);
        if (adapter == null) {
            throw new IllegalArgumentException(
                    "there is no adapter '" + name + "' here, but " + adapters.keySet());
        }
        merged.merge(name, adapter, weight, bias);
        KnownAdapters.changed();
    }

    /**
     * Gives weight and bias the values back that they had, bit for bit; without effect if no
     * adapter is merged. No pass may be running.
     */
    public void unmergeAdapter() {
        merged.restore(weight, bias);
        KnownAdapters.changed();
    }

    /** Makes what was merged the values for good, and frees those that were kept. */
    public void forgetMerged() {
        merged.forget();
        KnownAdapters.changed();
    }

    /**
     * Returns which adapter is merged into the weight.
     *
     * @return its name, or null if none is
     */
    public @Nullable String mergedAdapter() {
        return merged.name();
    }

    @Override
    public BlockList getChildren() {
        BlockList children = new BlockList();
        adapters.forEach(
                (name, adapter) ->
                        children.add(
                                String.format(
                                        Locale.ROOT, "%02dadapters.%s", children.size() + 1, name),
                                adapter));
        return children;
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape y = outputShape(inputShapes[0]);
        adapters.values().forEach(child -> child.initialize(manager, dataType, inputShapes[0], y));
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("Linear", input, "inputs", inputs);
        return input.slice(0, input.dimension() - 1).add(outputs);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray own = value(store, weight, x, training);
        return map(store, x, own, optionalValue(store, bias, x, training), training, params);
    }
}

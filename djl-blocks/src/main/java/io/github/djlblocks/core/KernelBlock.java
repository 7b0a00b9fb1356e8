package io.github.djlblocks.core;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.KernelSource;
import io.github.djlblocks.kernel.Workspace;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Base of every block of this library: a DJL {@link Block} that computes on {@link
 * io.github.djlblocks.kernel.Kernels}, checks its input before it does, and frees every
 * intermediate array when it is done.
 *
 * <p>Sizes are given to the builder, so the shape of every parameter is known at construction, and
 * a checkpoint can be compared with a block before anything is allocated.
 */
public abstract class KernelBlock extends AbstractBlock {

    private final PassRunners runners = new PassRunners();
    private final AdapterLookup adapters = new AdapterLookup();

    /** Creates a block without parameters or children. */
    protected KernelBlock() {
        super((byte) 1);
    }

    /**
     * Computes the output. Every array made here is closed afterwards, except those returned.
     *
     * @param store where the parameters' values are
     * @param inputs the inputs, already checked by {@link #getOutputShapes}
     * @param training whether this is a training pass
     * @param params what the caller passes along, or none
     * @return the outputs
     */
    protected abstract NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params);

    /**
     * Computes the shapes of the outputs without running anything; -1 is an unknown extent.
     *
     * @param inputShapes the shapes of the inputs
     * @return the shapes of the outputs
     * @throws IllegalArgumentException if this block cannot take such inputs
     */
    @Override
    public abstract Shape[] getOutputShapes(Shape[] inputShapes);

    @Override
    protected final NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> given) {
        PairList<String, Object> params = adapters.checked(this, passedOn(given));
        checkInputs(inputs.getShapes());
        if (training) {
            inputs.forEach(this::requireGradient);
        }
        if (runners.hasOne() && !(inputs.get(0) instanceof KernelSource)) {
            if (!training) {
                checkPass(inputs, params);
                NDList outputs = runners.run(inputs, params);
                if (outputs != null) {
                    return outputs;
                }
            }
            runners.requireWeights(this, training ? "trained" : "run block by block");
        }
        return Workspace.run(inputs, own -> compute(parameterStore, own, training, params));
    }

    /**
     * Returns what this block works with in the place of what a caller passes along.
     *
     * @param params what the caller passes along, or none
     * @return the same, unless said otherwise
     */
    protected @Nullable PairList<String, Object> passedOn(
            @Nullable PairList<String, Object> params) {
        return params;
    }

    /**
     * Freezes or unfreezes some parameters; those of {@link FrozenParameters} stay frozen.
     *
     * @param freeze whether they are to have no gradient
     * @param predicate which
     */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {
        Predicate<Parameter> free = parameter -> !FrozenParameters.contains(parameter);
        super.freezeParameters(freeze, freeze ? predicate : predicate.and(free));
    }

    /**
     * Freezes or unfreezes all parameters, those frozen for good, too.
     *
     * @param freeze whether they are to have no gradient
     */
    @Override
    public void freezeParameters(boolean freeze) {
        if (!freeze) {
            getParameters().values().forEach(FrozenParameters::remove);
        }
        super.freezeParameters(freeze);
    }

    /**
     * Requires that passes use the parameters as they are, and no packed copies.
     *
     * @param what cannot be done otherwise, for the message, as in {@code merged}
     * @throws IllegalStateException if compiled passes have weights of their own
     */
    public final void requireSharedWeights(String what) {
        runners.requireShared(this, what);
    }

    /**
     * Gives the passes for inference to someone who runs them as a whole. Who ran them before is
     * told to let go of them.
     *
     * @param runner runs them, or none: this block runs them itself
     */
    public final void setPassRunner(@Nullable PassRunner runner) {
        runners.set(runner);
    }

    /**
     * Writes the parameters.
     *
     * @param os where to
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the weights are packed for compiled passes only
     */
    @Override
    public void saveParameters(DataOutputStream os) throws IOException {
        runners.requireWeights(this, "saved");
        super.saveParameters(os);
    }

    /**
     * Checks a pass for inference that this block does not run itself, as far as {@link
     * #checkInputs} does not: lengths that must fit each other and the cache.
     *
     * @param inputs the inputs
     * @param params what the caller passes along, or none
     * @throws IllegalArgumentException if this block cannot take them
     */
    protected void checkPass(NDList inputs, @Nullable PairList<String, Object> params) {}

    /**
     * Checks the inputs of a forward pass. A block made of blocks checks only what its children do
     * not.
     *
     * @param inputShapes the shapes of the inputs
     * @throws IllegalArgumentException if this block cannot take such inputs
     */
    protected void checkInputs(Shape[] inputShapes) {
        getOutputShapes(inputShapes);
    }

    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
        Checks.floating(dataType);
        getOutputShapes(inputShapes);
        runners.requireWeights(this, "initialised or trained");
        try {
            super.initialize(manager, dataType, inputShapes);
        } catch (UnsupportedOperationException e) {
            throw BlockErrors.noGradient(manager, dataType, e);
        }
    }

    /**
     * Adds a parameter of a shape that is known.
     *
     * @param name its name
     * @param type what it is, which decides its default initializer
     * @param shape its shape
     * @return the parameter
     */
    protected final Parameter addParameter(String name, Parameter.Type type, Shape shape) {
        return addParameter(
                Parameter.builder().setName(name).setType(type).optShape(shape).build());
    }

    /**
     * Adds a parameter of a shape that is known, with its own initializer.
     *
     * @param name its name
     * @param shape its shape
     * @param initializer its initial values
     * @return the parameter
     */
    protected final Parameter addParameter(String name, Shape shape, Initializer initializer) {
        return addParameter(
                Parameter.builder()
                        .setName(name)
                        .setType(Parameter.Type.OTHER)
                        .optShape(shape)
                        .optInitializer(initializer)
                        .build());
    }

    /**
     * Reads a parameter's value on the device of an array.
     *
     * @param store where the values are
     * @param parameter the parameter
     * @param like the array it meets
     * @param training whether this is a training pass
     * @return its value, owned by the store
     * @throws IllegalArgumentException if the two have different types
     */
    protected final NDArray value(
            ParameterStore store, Parameter parameter, NDArray like, boolean training) {
        NDArray value = fetch(store, parameter, like.getDevice(), training);
        requireFloating(like);
        DataType inputType = like.getDataType();
        if (value.getDataType() != inputType) {
            throw BlockErrors.otherType(this, inputType, parameter, value.getDataType());
        }
        return Workspace.borrow(value, like);
    }

    /**
     * Reads a parameter's value on a device, whatever its type.
     *
     * @param store where the values are
     * @param parameter the parameter
     * @param device the device
     * @param training whether this is a training pass
     * @return its value, owned by the store
     */
    protected static NDArray fetch(
            ParameterStore store, Parameter parameter, Device device, boolean training) {
        // A store that mirrors parameters makes the copy here and keeps it: it must outlive us.
        return NativeScope.keep(store.getValue(parameter, device, training));
    }

    /**
     * Reads an optional parameter's value.
     *
     * @param store where the values are
     * @param parameter the parameter, or none
     * @param like the array it meets
     * @param training whether this is a training pass
     * @return its value, or null if there is no such parameter
     */
    protected final @Nullable NDArray optionalValue(
            ParameterStore store, @Nullable Parameter parameter, NDArray like, boolean training) {
        return parameter == null ? null : value(store, parameter, like, training);
    }

    /**
     * Runs a child on one array.
     *
     * @param block the child, of this library or not
     * @param store where the parameters' values are
     * @param x its input
     * @param training whether this is a training pass
     * @param params passed along, or none
     * @return its output
     */
    protected static NDArray call(
            Block block,
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return call(block, store, new NDList(x), training, params);
    }

    /**
     * Runs a child of one output.
     *
     * @param block the child, of this library or not
     * @param store where the parameters' values are
     * @param inputs its inputs
     * @param training whether this is a training pass
     * @param params passed along, or none
     * @return its only output
     */
    protected static NDArray call(
            Block block,
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return callAll(block, store, inputs, training, params).singletonOrThrow();
    }

    /**
     * Runs a child of any number of outputs.
     *
     * @param block the child, of this library or not
     * @param store where the parameters' values are
     * @param inputs its inputs
     * @param training whether this is a training pass
     * @param params passed along, or none
     * @return its outputs
     */
    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    protected static NDList callAll(
            Block block,
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        if (!(block instanceof KernelBlock)) {
            // It knows no scopes: copies the store made while it runs would be closed with ours.
            Device device = inputs.get(0).getDevice();
            for (Parameter parameter : block.getParameters().values()) {
                fetch(store, parameter, device, training);
            }
        }
        return block.forward(store, inputs, training, params);
    }

    /**
     * Requires numbers that can be computed with, where no parameter's type would tell.
     *
     * @param x the input
     * @throws IllegalArgumentException if it is not of a floating type
     */
    protected final void requireFloating(NDArray x) {
        if (!x.getDataType().isFloating()) {
            throw BlockErrors.notFloating(this, x);
        }
    }

    /** Measured: a cast cuts the gradient on PyTorch, and MXNet has none of this type. */
    private void requireGradient(NDArray input) {
        if (input.getDataType() == DataType.FLOAT16) {
            throw BlockErrors.halfInTraining(this);
        }
    }

    /**
     * Loads what {@link #saveParameters} saved.
     *
     * @param manager the manager of the parameters
     * @param is what was saved
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if a parameter was saved with another shape than this block
     *     was built for
     */
    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        BuiltShapes shapes = new BuiltShapes(this);
        boolean loaded = false;
        try {
            super.loadParameters(manager, is);
            shapes.require();
            loaded = true;
        } finally {
            if (!loaded) {
                clear();
                shapes.restore();
            }
        }
    }

    /**
     * Requires a number of inputs.
     *
     * @param inputShapes the shapes of the inputs
     * @param layout what is expected, as in {@code x (B, S, E)}
     * @param count how many
     * @throws IllegalArgumentException if there are more or fewer
     */
    protected final void requireInputs(Shape[] inputShapes, String layout, int count) {
        if (inputShapes.length != count) {
            throw BlockErrors.otherInputs(this, count, layout, inputShapes.length);
        }
    }
}

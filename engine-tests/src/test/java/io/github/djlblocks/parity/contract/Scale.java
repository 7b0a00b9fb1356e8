package io.github.djlblocks.parity.contract;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.parity.HostValues;
import java.io.DataInputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** {@code y = x * weight}, right, or wrong in one way. */
final class Scale extends KernelBlock {

    static final int CHANNELS = 4;

    private final Fault fault;
    private final Parameter weight;
    private volatile double last;

    enum Fault {
        NONE,
        NAMELESS,
        OTHER_SHAPES,
        FORGETS_UNKNOWN_SIZES,
        ALWAYS_SINGLE,
        TAKES_ANY_TYPE,
        TAKES_ANY_INPUT,
        WRONG_MESSAGE,
        DROPS_OUT_IN_INFERENCE,
        DROPS_OUT_IN_TRAINING,
        DROPS_OUT_UNSCALED,
        CHANGES_ITS_INPUT,
        LEAKS,
        LEAKS_INTO_THE_MODEL,
        LEAKS_WHEN_IT_THROWS,
        CLOSES_COPIES,
        LOADS_OTHER_NUMBERS,
        LOADS_ANY_SHAPE,
        EMPTIES_THE_LIST,
        SINGLE_WHEN_IT_TRAINS,
        NO_GRADIENT,
        CANNOT_BE_FROZEN,
        KEEPS_STATE,
        RECORDS_A_SIZE
    }

    Scale(Fault fault) {
        this.fault = fault;
        weight = addParameter("weight", Parameter.Type.GAMMA, new Shape(CHANNELS));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        if (fault == Fault.TAKES_ANY_INPUT) {
            return inputShapes.length == 0 ? new Shape[] {new Shape()} : inputShapes;
        }
        if (fault == Fault.WRONG_MESSAGE && inputShapes.length != 1) {
            throw new IllegalArgumentException("wrong");
        }
        requireInputs(inputShapes, "x (..., E)", 1);
        Checks.lastAxis("Scale", inputShapes[0], "channels", CHANNELS);
        return switch (fault) {
            case OTHER_SHAPES -> new Shape[] {inputShapes[0].add(1)};
            case FORGETS_UNKNOWN_SIZES -> new Shape[] {positive(inputShapes[0])};
            default -> inputShapes;
        };
    }

    private static Shape positive(Shape shape) {
        long[] sizes = shape.getShape().clone();
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.max(1, sizes[i]);
        }
        return new Shape(sizes);
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (fault != Fault.TAKES_ANY_INPUT) {
            super.checkInputs(inputShapes);
        }
    }

    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
        if (fault == Fault.TAKES_ANY_TYPE && !dataType.isFloating()) {
            return;
        }
        boolean single = fault == Fault.SINGLE_WHEN_IT_TRAINS && weight.requiresGradient();
        super.initialize(manager, single ? DataType.FLOAT32 : dataType, inputShapes);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        if (fault == Fault.TAKES_ANY_INPUT && inputs.isEmpty()) {
            return new NDList(store.getManager().zeros(new Shape(1)));
        }
        NDArray x = inputs.get(0);
        if (fault == Fault.LEAKS_WHEN_IT_THROWS) {
            NDArray extra = x.duplicate();
            NDScope.unregister(extra);
            NDArray y = scaled(store, x, training);
            extra.close();
            return new NDList(y);
        }
        NDArray y = scaled(store, x, training);
        switch (fault) {
            case ALWAYS_SINGLE -> y = y.toType(DataType.FLOAT32, false);
            case DROPS_OUT_IN_INFERENCE -> y = Kernels.of(y).dropout(y, 0.5);
            case DROPS_OUT_IN_TRAINING -> y = training ? Kernels.of(y).dropout(y, 0.3) : y;
            case DROPS_OUT_UNSCALED -> y = training ? Kernels.of(y).dropout(y, 0.3).mul(0.7) : y;
            case CHANGES_ITS_INPUT -> x.addi(1);
            case LEAKS -> NDScope.unregister(y.duplicate());
            case LEAKS_INTO_THE_MODEL -> {
                NDArray extra = y.duplicate();
                NDScope.unregister(extra);
                extra.attach(weight.getArray().getManager());
            }
            case NO_GRADIENT -> y = y.stopGradient();
            case EMPTIES_THE_LIST -> inputs.clear();
            case KEEPS_STATE -> y = delayed(y);
            default -> {}
        }
        return new NDList(y);
    }

    private NDArray scaled(ParameterStore store, NDArray x, boolean training) {
        if (fault == Fault.RECORDS_A_SIZE) {
            // Right for the two rows of the case; the kernels see a number, not an axis.
            Kernels kernels = Kernels.of(x);
            NDArray y = kernels.scale(x, value(store, weight, x, training));
            return kernels.scale(y, x.getShape().size() / (6.0 * CHANNELS));
        }
        if (fault == Fault.TAKES_ANY_INPUT) {
            NDArray w = fetch(store, weight, x.getDevice(), training);
            boolean fits = x.getShape().dimension() > 0 && x.getShape().getLastDimension() == 4;
            return fits ? x.mul(w.toType(x.getDataType(), false)) : x.mul(2);
        }
        if (fault == Fault.CLOSES_COPIES) {
            NDArray w = store.getValue(weight, x.getDevice(), training);
            requireFloating(x);
            if (w.getDataType() != x.getDataType()) {
                return x.mul(value(store, weight, x, training));
            }
            return x.mul(w);
        }
        return x.mul(value(store, weight, x, training));
    }

    /**
     * Hands a number of the result from thread to thread through a field, slowly. A number, not the
     * array: another thread would close that one while this one reads it, which ends the JVM.
     */
    private NDArray delayed(NDArray y) {
        double own = HostValues.of(y)[0];
        last = own;
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return y.add(last - own);
    }

    @Override
    public void freezeParameters(boolean freeze) {
        if (fault != Fault.CANNOT_BE_FROZEN) {
            super.freezeParameters(freeze);
        }
    }

    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        if (fault == Fault.LOADS_ANY_SHAPE) {
            is.readByte();
            readInputShapes(is);
            weight.load(manager, is);
            return;
        }
        super.loadParameters(manager, is);
        if (fault == Fault.LOADS_OTHER_NUMBERS) {
            weight.getArray().muli(2);
        }
    }

    @Override
    public String toString() {
        return fault == Fault.NAMELESS ? "?" : super.toString();
    }
}

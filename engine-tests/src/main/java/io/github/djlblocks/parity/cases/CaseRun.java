package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.CaseArray.Kind;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The block of a case with its parameters and its inputs on an engine, in a manager of its own,
 * which {@link #close} closes.
 */
public final class CaseRun implements AutoCloseable {

    private final ParityCase parityCase;
    private final NDManager manager;
    private final Block block;
    private final NDList inputs = new NDList();
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final Map<String, NDArray> variables = new LinkedHashMap<>();

    private CaseRun(ParityCase parityCase, NDManager manager, DataType dataType, boolean frozen) {
        this.parityCase = parityCase;
        this.manager = manager;
        block = parityCase.newPreparedBlock();
        for (CaseArray array : parityCase.arrays()) {
            NDArray value = array.toNDArray(manager, dataType);
            arrays.put(array.name(), value);
            if (array.positional()) {
                inputs.add(value);
            }
            if (array.kind() == Kind.FLOATING) {
                variables.put(array.name(), value);
            }
        }
        // MXNet has no gradient array for FLOAT16, and Rust none at all: both would refuse.
        block.freezeParameters(frozen);
        block.initialize(manager, dataType, parityCase.inputShapes());
        ParameterPaths.of(block).forEach((path, parameter) -> put(path, parameter.getArray()));
    }

    private void put(String path, NDArray parameter) {
        if (variables.put(path, parameter) != null) {
            throw new IllegalArgumentException(
                    "input and parameter have the same name '" + path + "': rename the input");
        }
    }

    /**
     * Puts a case on an engine for inference: its parameters are frozen.
     *
     * @param parityCase the case
     * @param engine where
     * @param dataType the dtype of inputs and parameters
     * @return an open run
     */
    public static CaseRun forInference(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        return open(parityCase, engine, dataType, true);
    }

    /**
     * Puts a case on an engine that trains.
     *
     * @param parityCase the case
     * @param engine where
     * @param dataType the dtype of inputs and parameters
     * @return an open run
     */
    public static CaseRun forTraining(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        return open(parityCase, engine, dataType, false);
    }

    private static CaseRun open(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType, boolean frozen) {
        NDManager manager = engine.newManager();
        boolean opened = false;
        try {
            CaseRun run = new CaseRun(parityCase, manager, dataType, frozen);
            opened = true;
            return run;
        } finally {
            if (!opened) {
                manager.close();
            }
        }
    }

    /**
     * Returns the block.
     *
     * @return the block, initialised
     */
    public Block block() {
        return block;
    }

    /**
     * Returns the manager of parameters and inputs.
     *
     * @return the manager, open as long as this run
     */
    public NDManager manager() {
        return manager;
    }

    /**
     * Returns the inputs of the forward pass.
     *
     * @return a new list of the same arrays
     */
    public NDList inputs() {
        return new NDList(inputs);
    }

    /**
     * Returns the params of the forward pass.
     *
     * @return what the case passes along, or none
     */
    public @Nullable PairList<String, Object> params() {
        return parityCase.params(arrays);
    }

    /**
     * Runs the block with a store that copies nothing.
     *
     * @param training whether this is a training pass
     * @return the first output
     */
    public NDArray forward(boolean training) {
        return forward(new ParameterStore(manager, false), inputs(), training);
    }

    /**
     * Runs the block on other inputs or with another store.
     *
     * @param store where the parameters' values are
     * @param otherInputs the inputs
     * @param training whether this is a training pass
     * @return the first output
     */
    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    public NDArray forward(ParameterStore store, NDList otherInputs, boolean training) {
        return block.forward(store, otherInputs, training, params()).get(0);
    }

    /** Closes the manager, and with it parameters, inputs and outputs. */
    @Override
    public void close() {
        manager.close();
    }

    /** What gradients are taken by: floating inputs by name, parameters by path. */
    Map<String, NDArray> variables() {
        return variables;
    }
}

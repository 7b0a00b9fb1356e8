package io.github.djlblocks.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A public block as the contract sees it.
 *
 * @param name what tests call it
 * @param factory makes a new one, not initialised
 * @param inputs what it is given
 * @param parameters the paths of its parameters and their shapes, in order
 * @param stages how many sums follow each other on the way from input to output
 * @param longestSum the terms of the longest of them
 */
record BlockCase(
        String name,
        Supplier<Block> factory,
        List<Input> inputs,
        Map<String, Shape> parameters,
        int stages,
        int longestSum) {

    /** How many tokens the ids of an input are drawn from. */
    static final int VOCABULARY = 11;

    /** One input: numbers, token ids, a mask without padding, or positions. */
    record Input(Kind kind, Shape shape, Shape unknown) {

        enum Kind {
            NUMBERS,
            IDS,
            MASK,
            POSITIONS
        }

        private NDArray create(NDManager manager, DataType dataType, long seed) {
            long[] dimensions = shape.getShape();
            int size = Math.toIntExact(shape.size());
            int last = Math.toIntExact(dimensions[dimensions.length - 1]);
            double[] values = RandomTensors.normal(seed, dimensions);
            for (int i = 0; i < size && kind != Kind.NUMBERS; i++) {
                values[i] =
                        switch (kind) {
                            case IDS -> (i * 7L + seed) % VOCABULARY;
                            case MASK -> 1;
                            default -> 5 + i % last;
                        };
            }
            DataType type = kind == Kind.NUMBERS ? dataType : DataType.INT64;
            return RandomTensors.toNDArray(manager, values, shape, type);
        }
    }

    Block newBlock() {
        return factory.get();
    }

    /** A block whose parameters have the same bits on every engine, none of them special. */
    Block initialized(NDManager manager, DataType dataType) {
        Block block = newBlock();
        AtomicLong seed = new AtomicLong(100);
        block.setInitializer(
                (owner, shape, type) -> {
                    double[] values =
                            RandomTensors.normal(seed.getAndIncrement(), shape.getShape());
                    for (int i = 0; i < values.length; i++) {
                        values[i] = 0.25 + 0.5 * values[i];
                    }
                    return RandomTensors.toNDArray(owner, values, shape, type);
                },
                (Parameter parameter) -> true);
        block.initialize(manager, dataType, inputShapes());
        return block;
    }

    Shape[] inputShapes() {
        return inputs.stream().map(Input::shape).toArray(Shape[]::new);
    }

    /** The same with -1 for batch size and length. */
    Shape[] unknownShapes() {
        return inputs.stream().map(Input::unknown).toArray(Shape[]::new);
    }

    NDList newInputs(NDManager manager, DataType dataType, long seed) {
        NDList list = new NDList();
        for (Input input : inputs) {
            list.add(input.create(manager, dataType, seed + list.size()));
        }
        return list;
    }

    boolean isTrainable() {
        return !parameters.isEmpty();
    }

    boolean takesNumbers() {
        return inputs.get(0).kind() == Input.Kind.NUMBERS;
    }

    /**
     * Between the results of two engines, each off by {@code 4 * stages} rounding errors of the
     * longest sum (lambda = 8 for each of the sums that follow each other).
     */
    Tolerance betweenEngines(DataType dataType) {
        return Tolerance.of(dataType, longestSum, 2 * 4.0 * stages);
    }

    /** Runs inference with a parameter store that copies nothing. */
    static NDArray infer(Block block, NDManager manager, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false).get(0);
    }

    @Override
    public String toString() {
        return name;
    }
}

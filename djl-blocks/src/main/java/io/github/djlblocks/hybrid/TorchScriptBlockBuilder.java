package io.github.djlblocks.hybrid;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Builds a {@link TorchScriptBlock}. */
public final class TorchScriptBlockBuilder {

    private final @Nullable SharedModule shared;
    private @Nullable ScriptSource source;
    private String method = "forward";
    private final List<InputSpec> inputs = new ArrayList<>();
    private final List<DeclaredOutputs.Output> outputs = new ArrayList<>();
    private final Map<String, Object> constants = new LinkedHashMap<>();
    private boolean trainMode = true;
    private @Nullable Predicate<String> trainable;

    /** What is not of the module, but of one block of it. */
    record Options(
            List<InputSpec> inputs,
            List<DeclaredOutputs.Output> outputs,
            Map<String, Object> constants,
            boolean trainMode) {}

    TorchScriptBlockBuilder(@Nullable SharedModule shared) {
        this.shared = shared;
    }

    /**
     * Sets the file; it must stay until the block is initialised.
     *
     * @param file a TorchScript file, by custom {@code name.pt}
     * @return this builder
     */
    public TorchScriptBlockBuilder setFile(Path file) {
        source = ScriptSource.of(file);
        return this;
    }

    /**
     * Sets the content of the file.
     *
     * @param archive all bytes of a TorchScript file
     * @return this builder
     */
    public TorchScriptBlockBuilder setContent(byte[] archive) {
        source = ScriptSource.of(archive);
        return this;
    }

    /**
     * Sets the method that a forward pass calls.
     *
     * @param name its name, {@code forward} by default
     * @return this builder
     */
    public TorchScriptBlockBuilder optMethod(String name) {
        method = name;
        return this;
    }

    /**
     * Declares an input, the next in order. Without any declared, there is one for each argument
     * that is a tensor and has no default.
     *
     * <p>The name is that of the argument, or where an argument is made of several tensors: {@code
     * mask.key} for the entry {@code key} of a dictionary {@code mask}, {@code states[]} for the
     * next element of a list, {@code past()} for the next of a tuple, one inside the other from the
     * outside in. Arguments without an input have their default, or None.
     *
     * @param name the argument, or the part of it
     * @param shape the shape, with -1 for axes of any size; it may name their layout
     * @param type the type
     * @return this builder
     */
    public TorchScriptBlockBuilder addInput(String name, Shape shape, DataType type) {
        inputs.add(new InputSpec(name, shape, type));
        return this;
    }

    /**
     * Declares an output, the next in order. Without any declared, a run on zeros finds them; a
     * module that remembers its calls would remember that one, too.
     *
     * @param shape the shape, with -1 for axes of any size; one that has the layout of an axis of
     *     an input, as N in {@code new Shape(new long[] {-1, 64}, "NC")}, has its size
     * @param type the type
     * @return this builder
     */
    public TorchScriptBlockBuilder addOutput(Shape shape, DataType type) {
        outputs.add(new DeclaredOutputs.Output(shape, type));
        return this;
    }

    /**
     * Declares inputs by an example: their names if they have any, their types and numbers of axes.
     *
     * @param example arrays such as a forward pass is given; what is in them does not matter
     * @return this builder
     */
    public TorchScriptBlockBuilder optExample(NDList example) {
        inputs.clear();
        for (NDArray array : example) {
            long[] open = new long[array.getShape().dimension()];
            Arrays.fill(open, -1);
            inputs.add(
                    new InputSpec(
                            array.getName() == null ? "" : array.getName(),
                            new Shape(open),
                            array.getDataType()));
        }
        return this;
    }

    /**
     * Sets an argument that is no tensor, for all calls.
     *
     * @param name the argument
     * @param value an Integer, Long, Double, Boolean or String
     * @return this builder
     * @throws IllegalArgumentException if it is anything else
     */
    public TorchScriptBlockBuilder optArgument(String name, Object value) {
        boolean isFinite = !(value instanceof Double number) || Double.isFinite(number);
        if (!isFinite
                || !(value instanceof Integer
                        || value instanceof Long
                        || value instanceof Double
                        || value instanceof Boolean
                        || value instanceof String)) {
            throw new IllegalArgumentException(
                    "argument '"
                            + name
                            + "' cannot be "
                            + value
                            + " of "
                            + value.getClass()
                            + ": give an Integer, Long, Boolean, String or finite Double");
        }
        constants.put(name, value);
        return this;
    }

    /**
     * Sets whether a training pass puts the module into training mode, in which it drops out and
     * takes statistics of the batch. Gradients go through it either way.
     *
     * @param newTrainMode true by default
     * @return this builder
     */
    public TorchScriptBlockBuilder optTrainMode(boolean newTrainMode) {
        trainMode = newTrainMode;
        return this;
    }

    /**
     * Sets whether the parameters are trained.
     *
     * @param isTrainable false by default: they are frozen
     * @return this builder
     */
    public TorchScriptBlockBuilder optTrainable(boolean isTrainable) {
        return optTrainable(name -> isTrainable);
    }

    /**
     * Sets which parameters are trained.
     *
     * @param isTrainable tells by the name in the {@code state_dict}; one at two places has its
     *     first name
     * @return this builder
     */
    public TorchScriptBlockBuilder optTrainable(Predicate<String> isTrainable) {
        trainable = isTrainable;
        return this;
    }

    /**
     * Reads what the file says and builds the block. No engine is needed yet.
     *
     * @return the block, not initialised
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is no TorchScript file, or a damaged one
     * @throws IllegalArgumentException if the module has no such method, or the inputs are not its
     *     arguments
     */
    public TorchScriptBlock build() throws IOException, MalformedModelException {
        return new TorchScriptBlock(
                module(),
                method,
                new Options(
                        List.copyOf(inputs),
                        List.copyOf(outputs),
                        Map.copyOf(constants),
                        trainMode));
    }

    private SharedModule module() throws IOException, MalformedModelException {
        if (shared != null) {
            if (source != null) {
                throw new IllegalArgumentException(
                        "a block of the same module has its file: leave out setFile, or start with"
                                + " TorchScriptBlock.builder()");
            }
            if (trainable != null) {
                shared.setTrainable(trainable);
            }
            return shared;
        }
        if (source == null) {
            throw new IllegalArgumentException(
                    "setFile or setContent is missing: a TorchScriptBlock needs a TorchScript"
                            + " file");
        }
        ScriptArchive archive = source.with(ScriptArchive::read);
        return new SharedModule(source, archive, trainable == null ? name -> false : trainable);
    }
}

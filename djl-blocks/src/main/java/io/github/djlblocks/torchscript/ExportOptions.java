package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the {@code forward} of an exported file is given, and which PyTorch it is for.
 *
 * <pre>{@code
 * ExportOptions.builder()
 *         .addInput("ids", new Shape(2, 16), DataType.INT64)
 *         .addInput("mask", new Shape(2, 16), DataType.INT64)
 *         .build();
 * }</pre>
 *
 * <p>A shape is an example: an axis longer than 1 is free in the file, an axis of 1 is 1 always. So
 * give batch and length an extent above 1, unless they are to stay 1.
 */
public final class ExportOptions {

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** Names of the printed text's own variables. */
    private static final Pattern VARIABLE = Pattern.compile("[bknvtw][0-9]+(_[a-z]+)?|_[0-9]+");

    private static final Set<String> RESERVED =
            Set.of(
                    "self",
                    "torch",
                    "ops",
                    "annotate",
                    "getattr",
                    "int",
                    "float",
                    "bool",
                    "str",
                    "range",
                    "inf",
                    "nan");

    private final Map<String, Input> inputs;
    private final @Nullable PairList<String, Object> params;
    private final ExportTarget target;

    /** An argument of {@code forward}. */
    record Input(Shape shape, DataType type) {}

    private ExportOptions(Builder builder) {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(builder.inputs));
        params = builder.params;
        target = builder.target;
    }

    /**
     * Starts the options of an export.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    Map<String, Input> inputs() {
        return inputs;
    }

    @Nullable PairList<String, Object> params() {
        return params;
    }

    ExportTarget target() {
        return target;
    }

    /** Requires a name that an argument of {@code forward} can have. */
    static String argument(String name) {
        if (!NAME.matcher(name).matches()
                || VARIABLE.matcher(name).matches()
                || RESERVED.contains(name)
                || Identifiers.isReserved(name)) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of an input: take an identifier of Python that"
                            + " is neither a word of the language nor like v0, as the variables of"
                            + " the file are");
        }
        return name;
    }

    /** Builds {@link ExportOptions}. */
    public static final class Builder {

        private final Map<String, Input> inputs = new LinkedHashMap<>();
        private @Nullable PairList<String, Object> params;
        private ExportTarget target = ExportTarget.PYTORCH_1_13;

        private Builder() {}

        /**
         * Adds an input of the block, the next in order.
         *
         * @param name the name of the argument of {@code forward}
         * @param shape an example of its shape
         * @param type its data type
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no identifier, or an axis of the
         *     shape is unknown
         */
        public Builder addInput(String name, Shape shape, DataType type) {
            for (long extent : shape.getShape()) {
                if (extent < 0) {
                    throw new IllegalArgumentException(
                            "shape "
                                    + shape
                                    + " of input '"
                                    + name
                                    + "' has an unknown axis: give an example, as 2, which stays"
                                    + " free in the file");
                }
            }
            if (inputs.putIfAbsent(argument(name), new Input(shape, type)) != null) {
                throw new IllegalArgumentException(
                        "two inputs are named '" + name + "': give them different names");
            }
            return this;
        }

        /**
         * Adds an input of the block, the next in order, of the shape and type of an array.
         *
         * @param name the name of the argument of {@code forward}
         * @param example an array; its numbers do not matter
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no identifier
         */
        public Builder addInput(String name, NDArray example) {
            return addInput(name, example.getShape(), example.getDataType());
        }

        /**
         * Sets the params that the block's own {@code forward} is given. Arrays in them are
         * examples and become further arguments: an array by its key, those of an {@link
         * io.github.djlblocks.attention.AttentionContext} in this order by the names {@code mask},
         * {@code bias}, {@code segments}, {@code positions}, {@code memory_mask}; what else is in
         * them holds for the file as it is.
         *
         * @param newParams the params, none by default
         * @return this builder
         */
        public Builder optParams(@Nullable PairList<String, Object> newParams) {
            params = newParams;
            return this;
        }

        /**
         * Sets the oldest PyTorch that must load the file.
         *
         * @param newTarget the oldest one, {@link ExportTarget#PYTORCH_1_13} by default
         * @return this builder
         */
        public Builder optTarget(ExportTarget newTarget) {
            target = newTarget;
            return this;
        }

        /**
         * Builds the options.
         *
         * @return new options
         * @throws IllegalArgumentException if there is no input
         */
        public ExportOptions build() {
            if (inputs.isEmpty()) {
                throw new IllegalArgumentException(
                        "an exported forward needs an input: add one with addInput");
            }
            return new ExportOptions(this);
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightSelection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an exported file holds: what its {@code forward} is given, further methods over the same
 * weights, the format of the weights, files that travel along, and which PyTorch it is for.
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

    private final Map<String, ExportMethod> methods;
    private final ExportTarget target;
    private final @Nullable WeightSelection weights;
    private final Map<String, byte[]> extraFiles;

    private ExportOptions(Builder builder, Map<String, ExportMethod> methods) {
        this.methods = Collections.unmodifiableMap(methods);
        target = builder.target;
        weights = builder.weights;
        extraFiles = Collections.unmodifiableMap(new TreeMap<>(builder.extraFiles));
    }

    /**
     * Starts the options of an export.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    Map<String, ExportMethod> methods() {
        return methods;
    }

    ExportTarget target() {
        return target;
    }

    @Nullable WeightSelection weights() {
        return weights;
    }

    Map<String, byte[]> extraFiles() {
        return extraFiles;
    }

    /** Builds {@link ExportOptions}. */
    public static final class Builder {

        private static final String FORWARD = "forward";

        private final Map<String, ExportMethod> methods = new LinkedHashMap<>();
        private final Map<String, byte[]> extraFiles = new TreeMap<>();
        private ExportMethod.@Nullable Builder forward;
        private ExportTarget target = ExportTarget.PYTORCH_1_13;
        private @Nullable WeightSelection weights;

        private Builder() {}

        /** Another builder of the same target, weights and extra files, without methods. */
        Builder copy() {
            Builder copy = new Builder();
            copy.target = target;
            copy.weights = weights;
            copy.extraFiles.putAll(extraFiles);
            return copy;
        }

        private ExportMethod.Builder forward() {
            if (forward == null) {
                forward = ExportMethod.builder();
            }
            return forward;
        }

        /**
         * Adds an input of {@code forward}, the next in order.
         *
         * @param name the name of the argument
         * @param shape an example of its shape
         * @param type its data type
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no identifier, or an axis of the
         *     shape is unknown
         */
        public Builder addInput(String name, Shape shape, DataType type) {
            forward().addInput(name, shape, type);
            return this;
        }

        /**
         * Adds an input of {@code forward}, the next in order, of the shape and type of an array.
         *
         * @param name the name of the argument
         * @param example an array; its numbers do not matter
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no identifier
         */
        public Builder addInput(String name, NDArray example) {
            return addInput(name, example.getShape(), example.getDataType());
        }

        /**
         * Sets the params of {@code forward}, as {@link ExportMethod.Builder#optParams} does.
         *
         * @param newParams the params, none by default
         * @return this builder
         */
        public Builder optParams(@Nullable PairList<String, Object> newParams) {
            forward().optParams(newParams);
            return this;
        }

        /**
         * Adds a method. All methods compute with the same weights, which are stored once.
         *
         * @param name its name; {@code forward} is what {@link #addInput} describes, too
         * @param method what it is given
         * @return this builder
         * @throws IllegalArgumentException if the name is taken, or no method can have it
         */
        public Builder addMethod(String name, ExportMethod method) {
            if (methods.putIfAbsent(ArgumentNames.method(name), method) != null) {
                throw twice(name);
            }
            return this;
        }

        private static IllegalArgumentException twice(String name) {
            return new IllegalArgumentException(
                    "two methods are named '" + name + "': give them different names");
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
         * Sets the format of the weights of linear maps in the file.
         *
         * @param format the format; by default weights are as the block has them
         * @return this builder
         */
        public Builder optWeights(WeightFormat format) {
            return optWeights(WeightSelection.of(format));
        }

        /**
         * Sets the format of each weight in the file: that of linear maps, and bfloat16 or float32
         * for all else, as {@link WeightSelection} says. A table that is more than the weight of a
         * linear map, as one tied to its head, counts as all else.
         *
         * @param selection the formats; by default weights are as the block has them
         * @return this builder
         */
        public Builder optWeights(WeightSelection selection) {
            weights = selection;
            return this;
        }

        /**
         * Adds a file that travels in the archive, {@code extra/NAME}: {@code _extra_files} of
         * {@code torch.jit.load}, option {@code extraFiles} of DJL's {@code Model.load}.
         *
         * @param name letters, digits, dots, underscores and hyphens, not first a dot
         * @param content its bytes
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or another
         */
        public Builder addExtraFile(String name, byte[] content) {
            FileDescription.requireName(name);
            if (extraFiles.putIfAbsent(name, content.clone()) != null) {
                throw new IllegalArgumentException(
                        "two extra files are named '" + name + "': give them different names");
            }
            return this;
        }

        /**
         * Adds a file that travels in the archive, as it is now.
         *
         * @param name as in {@link #addExtraFile(String, byte[])}
         * @param file read here
         * @return this builder
         * @throws IOException if the file cannot be read
         * @throws IllegalArgumentException if the name is taken or another
         */
        public Builder addExtraFile(String name, Path file) throws IOException {
            return addExtraFile(name, Files.readAllBytes(file));
        }

        /**
         * Builds the options.
         *
         * @return new options
         * @throws IllegalArgumentException if there is no method, or {@code forward} is described
         *     twice or has no input
         */
        public ExportOptions build() {
            Map<String, ExportMethod> all = new LinkedHashMap<>();
            if (forward != null || methods.isEmpty()) {
                all.put(FORWARD, forward().build());
            }
            if (!all.isEmpty() && methods.containsKey(FORWARD)) {
                throw twice(FORWARD);
            }
            all.putAll(methods);
            return new ExportOptions(this, all);
        }
    }
}

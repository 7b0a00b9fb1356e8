package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a method of an exported file is given, and what becomes of its caches.
 *
 * <p>A shape is an example: an axis longer than 1 is free in the file, an axis of 1 is 1 always. So
 * give batch and length an extent above 1, unless they are to stay 1.
 */
public final class ExportMethod {

    private final Map<String, Input> inputs;
    private final @Nullable PairList<String, Object> params;
    private final @Nullable CacheForm caches;
    private final boolean startsAnew;
    private final int contextLength;
    private final @Nullable Block part;

    /** An argument of the method. */
    record Input(Shape shape, DataType type) {}

    private ExportMethod(Builder builder) {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(builder.inputs));
        params = builder.params;
        caches = builder.caches;
        startsAnew = builder.startsAnew;
        contextLength = builder.contextLength;
        part = builder.part;
    }

    /**
     * Starts a method.
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

    @Nullable CacheForm caches() {
        return caches;
    }

    boolean startsAnew() {
        return startsAnew;
    }

    /** The most tokens, or 0 for any number. */
    int contextLength() {
        return contextLength;
    }

    /** The block it runs: the exported one, or a part of it. */
    Block blockIn(Block whole) {
        return part == null ? whole : part;
    }

    /** Builds an {@link ExportMethod}. */
    public static final class Builder {

        private final Map<String, Input> inputs = new LinkedHashMap<>();
        private @Nullable PairList<String, Object> params;
        private @Nullable CacheForm caches;
        private boolean startsAnew;
        private int contextLength;
        private @Nullable Block part;

        private Builder() {}

        /**
         * Adds an input of the block, the next in order.
         *
         * @param name the name of the argument
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
            if (inputs.putIfAbsent(ArgumentNames.require(name), new Input(shape, type)) != null) {
                throw new IllegalArgumentException(
                        "two inputs are named '" + name + "': give them different names");
            }
            return this;
        }

        /**
         * Adds an input of the block, the next in order, of the shape and type of an array.
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
         * Sets the params that the block's own {@code forward} is given. Arrays in them are
         * examples and become further arguments: an array by its key, those of an {@link
         * io.github.djlblocks.attention.AttentionContext} in this order by the names {@code mask},
         * {@code bias}, {@code segments}, {@code positions}, {@code memory_mask}. A {@link
         * io.github.djlblocks.attention.KeyValueCache} is an example of what is kept, by its
         * policies, and becomes what {@link #optCaches} says. What else is in them holds for the
         * file as it is.
         *
         * @param newParams the params, none by default
         * @return this builder
         */
        public Builder optParams(@Nullable PairList<String, Object> newParams) {
            params = newParams;
            return this;
        }

        /**
         * Says what becomes of the caches in the params.
         *
         * @param form arguments or state
         * @return this builder
         */
        public Builder optCaches(CacheForm form) {
            caches = form;
            return this;
        }

        /**
         * Makes the method begin with empty caches, whatever is held: it takes no {@code past}, or
         * resets the state first.
         *
         * @param anew whether it does, false by default
         * @return this builder
         */
        public Builder optStartsAnew(boolean anew) {
            startsAnew = anew;
            return this;
        }

        /**
         * Makes the method refuse what a model cannot take: more tokens, those that have passed
         * included. Needs a cache.
         *
         * @param tokens at least 1; by default nothing is refused
         * @return this builder
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder optContextLength(int tokens) {
            contextLength = Checks.positive("contextLength", tokens);
            return this;
        }

        /**
         * Makes the method run a part of the exported block, such as its encoder.
         *
         * @param newPart a block below the exported one, which is run itself by default
         * @return this builder
         */
        public Builder optPart(Block newPart) {
            part = newPart;
            return this;
        }

        /**
         * Builds the method.
         *
         * @return a new method
         * @throws IllegalArgumentException if there is no input
         */
        public ExportMethod build() {
            if (inputs.isEmpty()) {
                throw new IllegalArgumentException(
                        "an exported method needs an input: add one with addInput");
            }
            return new ExportMethod(this);
        }
    }
}

package io.github.djlblocks.internal;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Argument checks whose messages name the value, the bound and the fix. */
public final class Checks {

    private Checks() {}

    /**
     * Requires a positive size.
     *
     * @param name what the value is called in the API
     * @param value the value
     * @return the value
     * @throws IllegalArgumentException if the value is below one
     */
    public static int positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " (" + value + ") must be at least 1");
        }
        return value;
    }

    /**
     * Requires a positive, finite number.
     *
     * @param name what the value is called in the API
     * @param value the value
     * @return the value
     * @throws IllegalArgumentException if the value is zero, negative, infinite or not a number
     */
    public static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") must be a finite number above 0");
        }
        return value;
    }

    /**
     * Requires a probability that is not certain.
     *
     * @param name what the value is called in the API
     * @param value the value
     * @return the value
     * @throws IllegalArgumentException if the value is negative, at least one or not a number
     */
    public static double rate(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") must be at least 0 and below 1");
        }
        return value;
    }

    /**
     * Requires a floating type that both engines can hold and compute.
     *
     * @param dataType the type
     * @return the type
     * @throws IllegalArgumentException if the type is not FLOAT16, FLOAT32 or FLOAT64
     */
    public static DataType floating(DataType dataType) {
        return switch (dataType) {
            case FLOAT16, FLOAT32, FLOAT64 -> dataType;
            default ->
                    throw new IllegalArgumentException(
                            "data type "
                                    + dataType
                                    + " cannot be computed through NDArray: use FLOAT32, FLOAT64 or"
                                    + " FLOAT16");
        };
    }

    /**
     * Requires that one size is a multiple of another.
     *
     * @param name what the size is called in the API
     * @param value the size
     * @param divisorName what the other is called
     * @param divisor the other
     * @throws IllegalArgumentException if a rest remains
     */
    public static void multiple(String name, long value, String divisorName, long divisor) {
        if (value % divisor != 0) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + value
                            + ") must be a multiple of "
                            + divisorName
                            + " ("
                            + divisor
                            + ")");
        }
    }

    /**
     * Requires that one size is no larger than another.
     *
     * @param name what the size is called in the API
     * @param value the size
     * @param boundName what the other is called
     * @param bound the other
     * @throws IllegalArgumentException if it is larger
     */
    public static void atMost(String name, long value, String boundName, long bound) {
        if (value > bound) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") must not exceed " + boundName + " (" + bound + ")");
        }
    }

    /**
     * Requires that the last axis of an input has the size a block was built for. An unknown size
     * (-1) passes.
     *
     * @param what the block, for the message
     * @param input the shape of its input
     * @param sizeName what the size is called in the builder
     * @param size the size the block was built for
     * @throws IllegalArgumentException if the shape has no axis or its last one differs
     */
    public static void lastAxis(String what, Shape input, String sizeName, long size) {
        int rank = input.dimension();
        long last = rank == 0 ? 0 : input.get(rank - 1);
        if (rank == 0 || (last != size && last != -1)) {
            throw new IllegalArgumentException(
                    what
                            + ": the last axis of the input "
                            + input
                            + " must be "
                            + sizeName
                            + " ("
                            + size
                            + ")");
        }
    }

    /**
     * Requires an input of a given rank.
     *
     * @param what the block, for the message
     * @param input the shape of its input
     * @param layout the axes expected, as in {@code (B, S, E)}
     * @param rank the number of axes expected
     * @throws IllegalArgumentException if the rank differs
     */
    public static void rank(String what, Shape input, String layout, int rank) {
        if (input.dimension() != rank) {
            throw new IllegalArgumentException(
                    what
                            + ": input "
                            + input
                            + " has "
                            + input.dimension()
                            + " axes, expected "
                            + rank
                            + ": "
                            + layout);
        }
    }
}

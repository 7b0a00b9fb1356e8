package io.github.djlblocks.samples.bench;

import io.github.djlblocks.format.WeightFormat;

/** How the numbers of weight matrices are held. */
public enum Format implements Named {
    /** 4 bytes a number. */
    FLOAT32(4, 6),
    /** 2 bytes a number, and activations of that type. */
    BFLOAT16(2, 15),
    /** 1 byte a number and a scale for each row; activations are quantised on the way. */
    INT8(1, 6),
    /** Half a byte a number, and a scale and an offset for each group of numbers. */
    INT4(0.5, 15);

    private final double bytes;
    private final int activations;

    Format(double bytes, int activations) {
        this.bytes = bytes;
        this.activations = activations;
    }

    /** The bytes of one number, scales aside. */
    double bytes() {
        return bytes;
    }

    /** The type of activations, as TorchScript numbers types. */
    int activations() {
        return activations;
    }

    /** What this library calls it. */
    WeightFormat weights() {
        return switch (this) {
            case FLOAT32 -> WeightFormat.FLOAT32;
            case BFLOAT16 -> WeightFormat.BFLOAT16;
            case INT8 -> WeightFormat.INT8;
            case INT4 -> WeightFormat.INT4;
        };
    }

    /**
     * Finds a format by its name.
     *
     * @param name {@code float32}, {@code bfloat16}, {@code int8} or {@code int4}
     * @return the format
     * @throws IllegalArgumentException if there is none of this name
     */
    public static Format named(String name) {
        return Named.find("format", name, values());
    }
}

package io.github.djlblocks.format;

import io.github.djlblocks.internal.Checks;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * How the values of a weight matrix {@code W (out, in)} are stored.
 *
 * <table>
 * <caption>Formats</caption>
 * <tr><th>text</th><th>code</th><th>stands for</th><th>bits a weight</th></tr>
 * <tr><td>{@code float32}</td><td>binary32</td><td>itself</td><td>32</td></tr>
 * <tr><td>{@code float16}</td><td>binary16</td><td>itself</td><td>16</td></tr>
 * <tr><td>{@code bfloat16}</td><td>bfloat16</td><td>itself</td><td>16</td></tr>
 * <tr><td>{@code int8}</td><td>q in -127 .. 127</td><td>{@code q s}</td><td>8 + 16 / in</td></tr>
 * <tr><td>{@code int4:G}</td><td>q in 0 .. 15</td><td>{@code (q - 8) s + z}</td><td>4 + 32 /
 * G</td></tr>
 * </table>
 *
 * <p>A 16-bit float is the nearest one, ties to even. {@code int8} has one step {@code s} a row
 * (output channel): the smallest bfloat16 not below {@code max|W| / 127}; {@code q = rint(w / s)}.
 * {@code int4:G} has a step and an offset for each {@code G} columns of a row: with {@code low =
 * min(0, min W)} and {@code high = max(0, max W)} of the group, {@code s} is the smallest bfloat16
 * not below {@code (high - low) / 15}, {@code z} the bfloat16 nearest to {@code low + 8 s}, and
 * {@code q = rint((w - z) / s) + 8} cut to 0 .. 15. No step is below 2^-126. {@code rint} and the
 * choice of {@code z} round ties to even; all of it is computed in double.
 *
 * <p>A value read back differs from the weight by half a step at most, {@code |w' - w| <= s / 2},
 * where {@code s} is at most 2^-7 longer than the exact quotient; {@code z} lies within 8 s of 0,
 * so its rounding, 2^-6 s at most, stays inside that bound. (Reading {@code int4} back rounds once
 * more, to a float.) Steps are bfloat16 so that every kernel, whatever type it computes in,
 * multiplies by the same numbers.
 */
public final class WeightFormat {

    /** IEEE 754 binary32. */
    public static final WeightFormat FLOAT32 = new WeightFormat("float32", 32, 0);

    /** IEEE 754 binary16. */
    public static final WeightFormat FLOAT16 = new WeightFormat("float16", 16, 0);

    /** The upper half of binary32. */
    public static final WeightFormat BFLOAT16 = new WeightFormat("bfloat16", 16, 0);

    /** Eight-bit integers, symmetric, a step for each output channel. */
    public static final WeightFormat INT8 = new WeightFormat("int8", 8, 0);

    /** Four-bit integers, a step and an offset for each 32 columns of a row. */
    public static final WeightFormat INT4 = new WeightFormat("int4", 4, 32);

    private static final List<WeightFormat> KNOWN =
            List.of(FLOAT32, FLOAT16, BFLOAT16, INT8, int4(32), int4(64), int4(128));

    private final String name;
    private final int bits;
    private final int group;

    private WeightFormat(String name, int bits, int group) {
        this.name = name;
        this.bits = bits;
        this.group = group;
    }

    /**
     * Four-bit integers with groups of a given size.
     *
     * @param group how many columns share a step and an offset: 32, 64 or 128
     * @return the format
     * @throws IllegalArgumentException if the group has another size
     */
    public static WeightFormat int4(int group) {
        if (group != 32 && group != 64 && group != 128) {
            throw new IllegalArgumentException(
                    "int4 group (" + group + ") must be 32, 64 or 128: kernels know no other");
        }
        return new WeightFormat("int4", 4, group);
    }

    /**
     * Reads a format from its text.
     *
     * @param text one of {@code float32, float16, bfloat16, int8, int4:32, int4:64, int4:128}, or
     *     {@code int4} for {@code int4:32}; case does not matter
     * @return the format
     * @throws IllegalArgumentException if there is no such format
     */
    public static WeightFormat parse(String text) {
        String wanted = text.strip().toLowerCase(Locale.ROOT);
        if (wanted.equals("int4")) {
            return INT4;
        }
        return KNOWN.stream()
                .filter(format -> format.toString().equals(wanted))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no weight format '" + text + "': use one of " + KNOWN));
    }

    /**
     * Returns the size of a code.
     *
     * @return 32, 16, 8 or 4 bits
     */
    public int bits() {
        return bits;
    }

    /**
     * Returns how many columns share a step.
     *
     * @return the group of an {@code int4} format, otherwise 0
     */
    public int group() {
        return group;
    }

    /**
     * Returns whether matrices of a width can be stored: {@code int4} needs whole groups.
     *
     * @param in how many columns
     * @return whether {@link #pack} takes them
     */
    public boolean takes(int in) {
        return group == 0 || in % group == 0;
    }

    /**
     * Returns how many bytes a matrix takes, steps and offsets included.
     *
     * @param out how many rows
     * @param in how many columns
     * @return its size in bytes
     * @throws IllegalArgumentException if a size is below 1, or the format does not take the width
     */
    public long byteSize(int out, int in) {
        return codeBytes(out, in) + scaleBytes(out, in);
    }

    long codeBytes(int out, int in) {
        requireShape(out, in);
        return (long) out * in * bits / 8;
    }

    long scaleBytes(int out, int in) {
        return Short.BYTES * (group > 0 ? 2L * out * (in / group) : bits == 8 ? out : 0);
    }

    private void requireShape(int out, int in) {
        Checks.positive("out", out);
        Checks.positive("in", in);
        if (!takes(in)) {
            throw new IllegalArgumentException(
                    "in ("
                            + in
                            + ") must be a multiple of the group ("
                            + group
                            + ") of "
                            + this
                            + ": use a smaller group, or int8");
        }
    }

    /**
     * Stores a matrix.
     *
     * @param name what the matrix is called, for messages
     * @param out how many rows (output channels)
     * @param in how many columns
     * @param rows its values
     * @return the stored matrix
     * @throws IllegalArgumentException if a size is below 1 or the format does not take the width;
     *     if the codes take 2 GiB or more; if a value is infinite, not a number, or beyond the
     *     format: 65504 (float16), 3.39e38 (bfloat16), 2^127 (int8, int4)
     */
    public PackedWeight pack(String name, int out, int in, WeightRows rows) {
        long bytes = codeBytes(out, in);
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "'%s' (%d, %d) takes %d bytes as %s, and a buffer ends at %d: split its rows"
                            .formatted(name, out, in, bytes, this, Integer.MAX_VALUE));
        }
        return PackedWeight.pack(this, name, out, in, rows);
    }

    /**
     * Returns how many bytes the codes of a weight take.
     *
     * @param out rows
     * @param in columns
     * @return bytes
     */
    public long codeSize(int out, int in) {
        return codeBytes(out, in);
    }

    /**
     * Returns how many bytes the scales of a weight take.
     *
     * @param out rows
     * @param in columns
     * @return bytes, 0 where there are none
     */
    public long scaleSize(int out, int in) {
        return scaleBytes(out, in);
    }

    /**
     * Packs a weight into memory of the caller's, as {@link #pack} does into its own; rows are read
     * and written by several threads.
     *
     * @param name what to call it in messages
     * @param out rows
     * @param in columns
     * @param rows its values; read by several threads at once
     * @param codes of {@link #codeSize} bytes
     * @param scales of {@link #scaleSize} bytes
     * @throws IllegalArgumentException if a value is not finite, or sizes do not fit
     */
    public void pack(
            String name, int out, int in, WeightRows rows, ByteBuffer codes, ByteBuffer scales) {
        PackedWeight.pack(this, name, out, in, rows, codes, scales);
    }

    RowCodec codec(int out) {
        if (group > 0) {
            return new IntegerCodecs.Int4(group, out);
        }
        return switch (bits) {
            case 8 -> new IntegerCodecs.Int8();
            case 16 -> new FloatCodecs.Sixteen(name.equals(FLOAT16.name));
            default -> new FloatCodecs.Float32();
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WeightFormat format
                && name.equals(format.name)
                && group == format.group;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, group);
    }

    /** Returns the text that {@link #parse} reads. */
    @Override
    public String toString() {
        return group > 0 ? name + ":" + group : name;
    }
}

package io.github.djlblocks.format;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** Turns one row of a weight into codes and back; a row touches its own codes and scales only. */
interface RowCodec {

    /** Writes a row of finite values; what is wrong with a value is told as {@code problem}. */
    void encode(int row, float[] values, ByteBuffer codes, ShortBuffer scales, Problem problem);

    /** Reads a row back: for each code the nearest float of what it stands for. */
    void decode(int row, float[] values, ByteBuffer codes, ShortBuffer scales);

    /** Names a value that cannot be stored. */
    @FunctionalInterface
    interface Problem {
        IllegalArgumentException at(int column, float value, String why);
    }
}

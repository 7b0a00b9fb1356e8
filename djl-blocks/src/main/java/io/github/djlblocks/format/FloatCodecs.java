package io.github.djlblocks.format;

import io.github.djlblocks.internal.SmallFloats;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** The formats whose codes are floats and need no scale. */
final class FloatCodecs {

    private FloatCodecs() {}

    /** binary32, as it is. */
    static final class Float32 implements RowCodec {

        @Override
        public void encode(
                int row, float[] values, ByteBuffer codes, ShortBuffer scales, Problem problem) {
            codes.asFloatBuffer().put(row * values.length, values);
        }

        @Override
        public void decode(int row, float[] values, ByteBuffer codes, ShortBuffer scales) {
            codes.asFloatBuffer().get(row * values.length, values);
        }
    }

    /** binary16 or bfloat16, whichever the conversions say. */
    static final class Sixteen implements RowCodec {

        private final boolean half;

        Sixteen(boolean half) {
            this.half = half;
        }

        @Override
        public void encode(
                int row, float[] values, ByteBuffer codes, ShortBuffer scales, Problem problem) {
            int start = row * values.length * Short.BYTES;
            for (int i = 0; i < values.length; i++) {
                short code =
                        half
                                ? SmallFloats.doubleToHalf(values[i])
                                : SmallFloats.doubleToBfloat16(values[i]);
                if (Float.isInfinite(decode(code))) {
                    throw problem.at(
                            i,
                            values[i],
                            half
                                    ? "float16 ends at 65504: use bfloat16 or float32"
                                    : "bfloat16 ends at 3.3895314E38: use float32");
                }
                codes.putShort(start + i * Short.BYTES, code);
            }
        }

        @Override
        public void decode(int row, float[] values, ByteBuffer codes, ShortBuffer scales) {
            int start = row * values.length * Short.BYTES;
            for (int i = 0; i < values.length; i++) {
                values[i] = decode(codes.getShort(start + i * Short.BYTES));
            }
        }

        private float decode(short code) {
            return half ? SmallFloats.halfToFloat(code) : SmallFloats.bfloat16ToFloat(code);
        }
    }
}

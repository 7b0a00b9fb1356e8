package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Rotary embedding.
 *
 * <p>Angles, cosines and sines are taken in float64 on the host and rounded once, so the table is
 * the same to the bit on every engine and exact at large positions; in float32 an angle near
 * position 100,000 is already off by up to 6e-3. A table of 512 positions and 64 channels costs
 * about half a millisecond, once per forward pass.
 */
final class PortableRotary {

    private PortableRotary() {}

    static RotaryTable table(NDArray positions, RotarySpec spec, DataType dataType) {
        Shape shape = PositionRows.shapeOf(positions, "positions");
        long[] steps = HostIntegers.of(positions, "positions");
        double[] frequencies = spec.inverseFrequencies();
        int r = spec.rotaryDim();
        boolean halfSplit = spec.layout() == RotaryLayout.HALF_SPLIT;
        double[] cos = new double[steps.length * r];
        double[] sin = new double[cos.length];
        PositionRows.fill(
                steps,
                r,
                (position, from) -> {
                    for (int i = 0; i < frequencies.length; i++) {
                        double angle = position * frequencies[i];
                        double c = Math.cos(angle) * spec.attentionFactor();
                        double s = Math.sin(angle) * spec.attentionFactor();
                        int first = from + (halfSplit ? i : 2 * i);
                        int second = halfSplit ? first + frequencies.length : first + 1;
                        cos[first] = c;
                        cos[second] = c;
                        sin[first] = -s;
                        sin[second] = s;
                    }
                },
                cos,
                sin);
        Shape tableShape = new Shape(shape.get(0), 1, shape.get(1), r);
        NDManager manager = positions.getManager();
        return new RotaryTable(
                // A FLOAT16 model keeps its table in FLOAT32 and rotates there.
                PositionRows.create(manager, cos, tableShape, dataType),
                PositionRows.create(manager, sin, tableShape, dataType),
                spec.layout());
    }

    static NDArray rotate(NDArray x, RotaryTable table) {
        Shape shape = x.getShape();
        long d = shape.get(3);
        long r = table.rotaryDim();
        Shape tableShape = table.cos().getShape();
        boolean batchFits = tableShape.get(0) == 1 || tableShape.get(0) == shape.get(0);
        if (!batchFits || tableShape.get(2) != shape.get(2)) {
            throw new IllegalArgumentException(
                    "positions of shape ("
                            + tableShape.get(0)
                            + ", "
                            + tableShape.get(2)
                            + ") do not fit queries and keys of shape "
                            + shape
                            + " (B, H, S, D): give one position for each of the S tokens");
        }
        if (r > d) {
            throw new IllegalArgumentException(
                    "rotaryDim (" + r + ") must not exceed headDim (" + d + ")");
        }
        NDArray turned = r == d ? x : x.get(new NDIndex("..., :" + r));
        NDArray wide = turned.toType(table.cos().getDataType(), false);
        NDArray y = wide.mul(table.cos()).add(partner(wide, table.layout()).mul(table.sin()));
        y = Precision.narrow(y, x);
        return r == d ? y : y.concat(x.get(new NDIndex("..., " + r + ":")), 3);
    }

    /** In each pair, the other channel: (B, H, S, r) -> (B, H, S, r). */
    private static NDArray partner(NDArray x, RotaryLayout layout) {
        Shape shape = x.getShape();
        long r = shape.get(3);
        if (layout == RotaryLayout.HALF_SPLIT) {
            NDArray first = x.get(new NDIndex("..., :" + r / 2));
            NDArray second = x.get(new NDIndex("..., " + r / 2 + ":"));
            return second.concat(first, 3);
        }
        // (B, H, S, r) -> (B, H, S, r / 2, 2)
        NDArray pairs = x.reshape(shape.get(0), shape.get(1), shape.get(2), r / 2, 2);
        NDArray even = pairs.get(new NDIndex("..., :1"));
        NDArray odd = pairs.get(new NDIndex("..., 1:"));
        return odd.concat(even, 4).reshape(shape);
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

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
        Shape shape = positions.getShape();
        int axes = axesOf(shape, spec);
        long[] steps = HostIntegers.of(positions, "positions");
        int tokens = steps.length / axes;
        double[] rates = spec.rates().at(Arrays.stream(steps).max().orElse(0) + 1);
        Angles angles = new Angles(tokens, spec);
        PositionRows.fill(
                tokens,
                spec.rotaryDim(),
                token -> position(steps, token, tokens),
                (token, from) -> {
                    for (int i = 0; i < rates.length; i++) {
                        int axis = axes == 1 ? 0 : spec.axes().get(i);
                        angles.write(i, from, steps[axis * tokens + token], rates[i]);
                    }
                },
                angles.all());
        int rank = shape.dimension();
        Shape tableShape = new Shape(shape.get(rank - 2), 1, shape.get(rank - 1), spec.rotaryDim());
        return angles.toTable(positions.getManager(), tableShape, dataType);
    }

    /** What tells a token's row from another's: its positions on all axes. */
    private static Object position(long[] steps, int token, int tokens) {
        if (steps.length == tokens) {
            return steps[token];
        }
        Long[] axes = new Long[steps.length / tokens];
        Arrays.setAll(axes, axis -> steps[axis * tokens + token]);
        return Arrays.asList(axes);
    }

    /** How many axes the positions have: several only if the spec asks for them. */
    private static int axesOf(Shape shape, RotarySpec spec) {
        boolean several = shape.dimension() == 3 && !spec.axes().isEmpty();
        if (several && shape.get(0) != spec.positionAxes()) {
            throw new IllegalArgumentException(
                    "positions of shape "
                            + shape
                            + " have "
                            + shape.get(0)
                            + " axes but the rotary embedding has "
                            + spec.positionAxes()
                            + ": give ("
                            + spec.positionAxes()
                            + ", B, S), or (B, S) where all are the same");
        }
        if (!several && shape.dimension() != 2) {
            throw new IllegalArgumentException(
                    "positions have shape "
                            + shape
                            + ": expected (B, S) or (1, S)"
                            + (spec.axes().isEmpty()
                                    ? ""
                                    : ", or (" + spec.positionAxes() + ", B, S)"));
        }
        return several ? Math.toIntExact(shape.get(0)) : 1;
    }

    static NDArray rotate(NDArray x, RotaryTable table) {
        if (table.keys() != null) {
            throw new IllegalArgumentException(
                    "this table turns queries and keys differently (xPos): pass its forQueries() or"
                            + " its forKeys()");
        }
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

    /** Cosines and signed sines on the host, those of the keys apart where xPos wants it. */
    private static final class Angles {

        private final RotarySpec spec;
        private final int pairs;
        private final double[][] tables;

        Angles(int tokens, RotarySpec spec) {
            this.spec = spec;
            pairs = spec.rates().pairs();
            tables = new double[spec.decay() == null ? 2 : 4][tokens * spec.rotaryDim()];
        }

        double[][] all() {
            return tables;
        }

        void write(int i, int from, long position, double rate) {
            double cos = Math.cos(position * rate) * spec.attentionFactor();
            double sin = Math.sin(position * rate) * spec.attentionFactor();
            if (spec.decay() == null) {
                write(0, i, from, cos, sin);
            } else {
                double factor = spec.decay().factor(i, pairs, position);
                write(0, i, from, cos * factor, sin * factor);
                write(2, i, from, cos / factor, sin / factor);
            }
        }

        private void write(int table, int i, int from, double cos, double sin) {
            boolean halfSplit = spec.layout() == RotaryLayout.HALF_SPLIT;
            int first = from + (halfSplit ? i : 2 * i);
            int second = halfSplit ? first + pairs : first + 1;
            tables[table][first] = cos;
            tables[table][second] = cos;
            tables[table + 1][first] = -sin;
            tables[table + 1][second] = sin;
        }

        RotaryTable toTable(NDManager manager, Shape shape, DataType type) {
            // A FLOAT16 model keeps its table in FLOAT32 and rotates there.
            NDArray[] arrays = new NDArray[tables.length];
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = PositionRows.create(manager, tables[i], shape, type);
            }
            RotaryTable keys =
                    arrays.length == 2
                            ? null
                            : new RotaryTable(arrays[2], arrays[3], spec.layout());
            return new RotaryTable(arrays[0], arrays[1], spec.layout(), keys);
        }
    }
}

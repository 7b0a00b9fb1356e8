package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Operations composed of others, for an engine that lacks them: without gradients, where nothing
 * else is said.
 */
final class StandIns {

    private StandIns() {}

    /** (..., in) times (out, in) transposed, as a product of two matrices. */
    static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Shape shape = x.getShape();
        int leading = shape.dimension() - 1;
        Shape output = shape.slice(0, leading).add(weight.getShape().get(0));
        NDArray rows = x.reshape(new Shape(shape.size() / shape.get(leading), shape.get(leading)));
        NDArray y = rows.matMul(weight.transpose()).reshape(output);
        return bias == null ? y : y.add(bias);
    }

    /** Rows of a table (N, C), looked up on the host or cut out, whichever is quicker. */
    static NDArray embedding(NDArray ids, NDArray table) {
        long[] indices = HostIntegers.of(ids, "row indices");
        // A cut takes 7 us, a number read and written again 5 ns.
        return table.size() <= 1000L * indices.length
                ? rowsRead(ids, indices, table)
                : rowsCut(ids, indices, table);
    }

    private static NDArray rowsRead(NDArray ids, long[] indices, NDArray table) {
        double[] all = HostNumbers.of(table);
        int width = Math.toIntExact(table.getShape().get(1));
        double[] rows = new double[Math.multiplyExact(indices.length, width)];
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(all, Math.toIntExact(indices[i]) * width, rows, i * width, width);
        }
        Shape shape = ids.getShape().add(width);
        NDArray read = PositionRows.create(ids.getManager(), rows, shape, table.getDataType());
        return Precision.narrow(read, table);
    }

    /** Copies, as a lookup makes them: a one-hot product takes memory for ids times rows. */
    private static NDArray rowsCut(NDArray ids, long[] indices, NDArray table) {
        NDManager manager = ids.getManager();
        NDList rows = new NDList(indices.length);
        for (long row : indices) {
            rows.add(table.get(manager, new NDIndex(row + ":" + (row + 1))));
        }
        NDArray joined = NDArrays.concat(rows, 0);
        rows.close();
        return joined.reshape(ids.getShape().add(table.getShape().get(1)));
    }

    /** An array whose numbers lie in the order of its shape: itself viewed, or a copy. */
    static NDArray inOrder(NDArray x) {
        return x.reshape(x.getShape());
    }

    /** A number as an array of another's type. */
    static NDArray number(NDArray like, Number number) {
        return like.getManager().create(number.doubleValue()).toType(like.getDataType(), false);
    }

    /**
     * Each operand held between bounds that are infinite where it is chosen and 0 where not, and
     * both added: infinities stay out of where they are not chosen, as 0 times infinity would not.
     */
    static NDArray where(NDArray condition, NDArray chosen, NDArray otherwise) {
        NDArray yes = condition.toType(chosen.getDataType(), false);
        NDArray no = yes.neg().add(1);
        return between(chosen, yes.div(no)).add(between(otherwise, no.div(yes)));
    }

    private static NDArray between(NDArray x, NDArray bound) {
        return x.maximum(bound.neg()).minimum(bound);
    }

    /**
     * With {@code z = e^x} and {@code u} the rounded {@code 1 + z}: {@code z ln(u) / (u - 1)}, in
     * which the rounding cancels, and z itself where u is 1 (Goldberg, What Every Computer
     * Scientist Should Know About Floating-Point Arithmetic, 1991, theorem 4). Differentiable.
     */
    static NDArray softPlusBelow(NDArray x) {
        NDArray z = x.exp();
        NDArray u = z.add(1);
        NDArray one = u.lte(number(u, 1)).toType(u.getDataType(), false);
        return z.mul(u.log().add(one)).div(u.sub(1).add(one));
    }

    /** The rows of a buffer (B, H, T, D) put together anew around what is written into them. */
    static void writeTime(NDArray buffer, NDArray next, long... at) {
        try (NDManager scratch = buffer.getManager().newSubManager()) {
            NDArray old = inOrder(buffer);
            old.attach(scratch);
            NDArray added = inOrder(next);
            added.attach(scratch);
            int batch = Math.toIntExact(buffer.getShape().get(0));
            NDList rows = new NDList(batch);
            for (int row = 0; row < batch; row++) {
                String one = row + ":" + (row + 1) + ", :, ";
                long from = at[at.length == 1 ? 0 : row];
                long end = from + next.getShape().get(2);
                NDList parts = new NDList(3);
                if (from > 0) {
                    parts.add(old.get(new NDIndex(one + "0:" + from + ", :")));
                }
                parts.add(added.get(new NDIndex(one + ":, :")));
                if (end < buffer.getShape().get(2)) {
                    parts.add(old.get(new NDIndex(one + end + ":, :")));
                }
                rows.add(NDArrays.concat(parts, 2));
            }
            buffer.intern(NDArrays.concat(rows, 0));
        }
    }
}

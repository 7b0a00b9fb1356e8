package io.github.djlblocks.parity.cases;

import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Inputs of norms, and several trailing axes as the one axis an oracle knows. */
final class NormInputs {

    // The embedding of a padding token often is one.
    static final String ROW_OF_ZEROS = "a row of zeros";
    static final String LARGE_MEAN = "mean of 1e4";

    private NormInputs() {}

    /** Normal numbers, for some variants with a second row of zeros or a large mean. */
    static double[] normal(String variant, int n, long... shape) {
        double[] x = RandomTensors.normal(variant.hashCode(), shape);
        if (variant.startsWith(ROW_OF_ZEROS)) {
            Arrays.fill(x, n, 2 * n, 0);
        }
        if (variant.startsWith(LARGE_MEAN)) {
            for (int i = 0; i < x.length; i++) {
                x[i] += 1e4;
            }
        }
        return x;
    }

    static Var rows(Var x, int n) {
        return OracleMath.reshape(x, x.values().length / n, n);
    }

    static @Nullable Var vector(@Nullable Var parameter, int n) {
        return parameter == null ? null : OracleMath.reshape(parameter, n);
    }

    /** Of a single number, which is the tail of an array of one column. */
    static Var timesScalar(Var x, Var scalar) {
        return like(OracleMath.mul(rows(x, 1), scalar), x);
    }

    static Var like(Var rows, Var x) {
        return OracleMath.reshape(rows, x.shape());
    }
}

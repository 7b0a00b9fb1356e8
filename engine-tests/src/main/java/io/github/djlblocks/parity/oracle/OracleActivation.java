package io.github.djlblocks.parity.oracle;

import java.util.List;

/**
 * Activation functions with their derivatives.
 *
 * <p>Each is written in a form that neither overflows nor cancels: 1 + tanh(u) as 2 sigmoid(2u), 1
 * + erf(u) as erfc(-u), ln(1 + e^x) as max(x, 0) + log1p(e^-|x|).
 */
public enum OracleActivation {
    /** {@code x}. */
    IDENTITY {
        @Override
        public double value(double x) {
            return x;
        }

        @Override
        public double derivative(double x) {
            return 1;
        }
    },
    /** {@code max(x, 0)}; the derivative at 0 is 0. */
    RELU {
        @Override
        public double value(double x) {
            return Math.max(x, 0);
        }

        @Override
        public double derivative(double x) {
            return x > 0 ? 1 : 0;
        }
    },
    /** {@code 1 / (1 + exp(-x))}. */
    SIGMOID {
        @Override
        public double value(double x) {
            return sigmoid(x);
        }

        @Override
        public double derivative(double x) {
            return sigmoid(x) * sigmoid(-x);
        }
    },
    /** {@code tanh(x)}. */
    TANH {
        @Override
        public double value(double x) {
            return Math.tanh(x);
        }

        @Override
        public double derivative(double x) {
            return tanhDerivative(x);
        }
    },
    /** {@code x * sigmoid(x)} (arXiv 1702.03118), also called swish. */
    SILU {
        @Override
        public double value(double x) {
            return x * sigmoid(x);
        }

        @Override
        public double derivative(double x) {
            return sigmoid(x) + x * sigmoid(x) * sigmoid(-x);
        }
    },
    /** {@code x * Phi(x) = x / 2 * (1 + erf(x / sqrt(2)))} (arXiv 1606.08415). */
    GELU_ERF {
        @Override
        public double value(double x) {
            return x * normalCdf(x);
        }

        @Override
        public double derivative(double x) {
            return normalCdf(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        }
    },
    /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))} (arXiv 1606.08415). */
    GELU_TANH {
        @Override
        public double value(double x) {
            return x * sigmoid(2 * geluArgument(x));
        }

        @Override
        public double derivative(double x) {
            double u = geluArgument(x);
            double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
            return sigmoid(2 * u) + x * 2 * slope * sigmoid(2 * u) * sigmoid(-2 * u);
        }
    },
    /** {@code x * tanh(ln(1 + exp(x)))}, natural logarithm (arXiv 1908.08681). */
    MISH {
        @Override
        public double value(double x) {
            return x * Math.tanh(softplus(x));
        }

        @Override
        public double derivative(double x) {
            double p = softplus(x);
            return Math.tanh(p) + x * tanhDerivative(p) * sigmoid(x);
        }
    };

    /**
     * Computes the function.
     *
     * @param x the argument; finite results for |x| up to 1e100
     * @return the function's value
     */
    public abstract double value(double x);

    /**
     * Computes the derivative.
     *
     * @param x the argument; finite results for |x| up to 1e100
     * @return the derivative at {@code x}
     */
    public abstract double derivative(double x);

    /**
     * Applies the function to every element: {@code y = f(x)}, gradient {@code dx = f'(x) * dy}.
     *
     * @param x of any shape
     * @return of the shape of {@code x}
     */
    public Var apply(Var x) {
        double[] xs = x.data();
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = value(xs[i]);
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += derivative(xs[i]) * dy[i];
                    }
                });
    }

    private static double sigmoid(double x) {
        if (x >= 0) {
            return 1 / (1 + Math.exp(-x));
        }
        double e = Math.exp(x);
        return e / (1 + e);
    }

    /** {@code 1 - tanh(x)^2} without cancellation; cosh overflows to infinity, which gives 0. */
    static double tanhDerivative(double x) {
        double cosh = Math.cosh(x);
        return 1 / cosh / cosh;
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static double normalCdf(double x) {
        return ErrorFunction.erfc(-x / Math.sqrt(2)) / 2;
    }

    private static double geluArgument(double x) {
        return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }
}

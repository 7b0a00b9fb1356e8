package io.github.djlblocks.huggingface;

import ai.djl.MalformedModelException;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.internal.ConfigReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/** What is done to a pooled vector, in float64. */
@FunctionalInterface
interface SentenceStep {

    double LEAST_LENGTH = 1e-12;

    double[] apply(double... vector);

    /** {@code x / max(|x|, 1e-12)}. */
    static SentenceStep unitLength() {
        return vector -> {
            double squares = 0;
            for (double value : vector) {
                squares += value * value;
            }
            double length = Math.max(Math.sqrt(squares), LEAST_LENGTH);
            double[] scaled = new double[vector.length];
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] = vector[i] / length;
            }
            return scaled;
        };
    }

    /** {@code f(W x + b)}, from a folder of its own. */
    static SentenceStep dense(Path folder) throws IOException {
        ConfigReader json = ConfigReader.of(folder.resolve("config.json"));
        int inputs = json.integer("in_features");
        int outputs = json.integer("out_features");
        String name = json.text("activation_function", "Tanh");
        DoubleUnaryOperator activation =
                switch (name.substring(name.lastIndexOf('.') + 1)) {
                    case "Tanh" -> Math::tanh;
                    case "Identity" -> x -> x;
                    default ->
                            throw json.unknown(
                                    "activation_function", name, Set.of("Identity", "Tanh"));
                };
        try (TensorSource source = Checkpoints.open(folder)) {
            double[] weight = source.readDoubles("linear.weight");
            double[] bias =
                    json.flag("bias", true)
                            ? source.readDoubles("linear.bias")
                            : new double[outputs];
            if (weight.length != inputs * outputs || bias.length != outputs) {
                throw new IOException(
                        folder
                                + " holds a map of "
                                + weight.length
                                + " weights, but its config.json says "
                                + inputs
                                + " to "
                                + outputs);
            }
            return vector -> dense(vector, weight, bias, activation);
        } catch (MalformedModelException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static double[] dense(
            double[] x, double[] weight, double[] bias, DoubleUnaryOperator activation) {
        if (weight.length != x.length * bias.length) {
            throw new IllegalArgumentException(
                    "the dense module takes "
                            + weight.length / bias.length
                            + " channels, but pooling gives "
                            + x.length);
        }
        double[] y = new double[bias.length];
        for (int out = 0; out < y.length; out++) {
            double sum = bias[out];
            for (int in = 0; in < x.length; in++) {
                sum += weight[out * x.length + in] * x[in];
            }
            y[out] = activation.applyAsDouble(sum);
        }
        return y;
    }
}

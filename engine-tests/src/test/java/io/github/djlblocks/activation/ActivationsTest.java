package io.github.djlblocks.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.ActivationFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActivationsTest {

    /** The keys of ACT2FN, and what their classes compute. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gelu | GELU",
                "gelu_10 | CLIPPED_GELU(-10.0, 10.0)",
                "gelu_accurate | GELU_TANH",
                "gelu_fast | GELU_TANH_OF(0.7978845608)",
                "gelu_new | GELU_TANH",
                "gelu_python | GELU",
                "gelu_pytorch_tanh | GELU_TANH",
                "laplace | LAPLACE(0.707107, 0.282095)",
                "leaky_relu | LEAKY_RELU(0.01)",
                "linear | IDENTITY",
                "mish | MISH",
                "quick_gelu | SWISH(1.702)",
                "relu | RELU",
                "relu2 | SQUARED_RELU",
                "relu6 | HARD_TANH(0.0, 6.0)",
                "sigmoid | SIGMOID",
                "silu | SILU",
                "swish | SILU",
                "tanh | TANH"
            })
    void byName_ofTransformers_isItsFunction(String name, String function) {
        assertThat(Activations.byName(name)).hasToString(function);
        assertThat(Activations.names()).contains(name).hasSize(19);
        assertThat(((ActivationBlock) Activations.block(name)).getFunction())
                .isEqualTo(Activations.byName(name));
    }

    @Test
    void byName_unknown_listsTheKnown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Activations.byName("gelu_old"))
                .withMessage(
                        "activation 'gelu_old' is not implemented; known: gelu, gelu_10,"
                                + " gelu_accurate, gelu_fast, gelu_new, gelu_python,"
                                + " gelu_pytorch_tanh, laplace, leaky_relu, linear, mish,"
                                + " quick_gelu, relu, relu2, relu6, sigmoid, silu, swish, tanh");
    }

    @Test
    void byName_learned_sendsToBlock() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Activations.byName("prelu"))
                .withMessage(
                        "activation 'prelu' has a parameter to learn and is no fixed function:"
                                + " call Activations.block");
        assertThat(Activations.block("prelu")).isInstanceOf(PRelu.class);
    }

    @Test
    void function_numbersOutOfRange_namesThem() {
        refuses(
                () -> ActivationFunction.hardTanh(2, 1),
                "upper bound (1.0) of HARD_TANH must be a finite number above the lower one (2.0)");
        refuses(
                () -> ActivationFunction.celu(0),
                "alpha of CELU (0.0) must be a finite number above 0");
        refuses(
                () -> ActivationFunction.softplus(-1, 20),
                "beta of softplus (-1.0) must be a finite number above 0");
        refuses(
                () -> ActivationFunction.softplus(1, Double.NaN),
                "threshold of softplus must be a number");
        refuses(
                () -> ActivationFunction.laplace(1, 0),
                "sigma of LAPLACE (0.0) must be a finite number above 0");
        refuses(
                () -> ActivationFunction.leakyRelu(Double.NaN),
                "alpha (NaN) of LEAKY_RELU must be a finite number");
        refuses(
                () -> ActivationFunction.selu(1, Double.POSITIVE_INFINITY),
                "beta (Infinity) of SELU must be a finite number");
        refuses(
                () -> new ActivationFunction(ActivationFunction.SILU.kind(), 2, 0),
                "alpha (2.0) must be 0: SILU has no alpha");
        refuses(
                () -> new ActivationFunction(ActivationFunction.elu(1).kind(), 2, 3),
                "beta (3.0) must be 0: ELU has no beta");
    }

    @Test
    void blocks_axesAndSizesThatDoNotFit_nameBoth() {
        refuses(
                () -> PRelu.perChannel(4, 1).getOutputShapes(new Shape[] {new Shape(2, 3, 4)}),
                "PRelu: axis 1 of the input (2, 3, 4) must be channels (4)");
        refuses(
                () -> PRelu.perChannel(4, 2).getOutputShapes(new Shape[] {new Shape(2, 4)}),
                "PRelu: axis (2) is not one of the axes of the input (2, 4)");
        refuses(() -> PRelu.perChannel(0, 1), "channels (0) must be at least 1");
        refuses(
                () -> Swish.perChannel(4).getOutputShapes(new Shape[] {new Shape(2, 3)}),
                "Swish: the last axis of the input (2, 3) must be channels (4)");
        refuses(
                () -> Softmax.of(-3).getOutputShapes(new Shape[] {new Shape(2, 4)}),
                "Softmax: axis (-3) is not one of the axes of the input (2, 4)");
        refuses(
                () -> RRelu.of(0.5, 0.25),
                "lower (0.5) and upper (0.25) must be finite numbers in this order");
    }

    private static void refuses(Runnable attempt, String message) {
        assertThatIllegalArgumentException().isThrownBy(attempt::run).withMessage(message);
    }
}

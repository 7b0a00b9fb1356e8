package io.github.djlblocks.goldens;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Activations against the cases of ONNX's operators. */
@EnabledIf(
        value = "io.github.djlblocks.goldens.OnnxCase#present",
        disabledReason = "the ONNX cases are not part of this repository: -Ddjlblocks.onnx=FOLDER")
class OnnxActivationTest {

    /** How the names of the cases start that are tested here. */
    static final List<String> PREFIXES =
            List.of(
                    "test_celu",
                    "test_elu",
                    "test_erf",
                    "test_gelu",
                    "test_hardsigmoid",
                    "test_hardswish",
                    "test_leakyrelu",
                    "test_logsoftmax",
                    "test_mish",
                    "test_prelu",
                    "test_selu",
                    "test_sigmoid",
                    "test_softmax",
                    "test_softplus",
                    "test_softsign",
                    "test_swiglu",
                    "test_thresholdedrelu");

    static Stream<Arguments> cases() {
        return OnnxCase.onEveryEngine(PREFIXES.toArray(String[]::new));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void activation_caseOfTheOperator_givesItsOutput(String name, EngineUnderTest engine)
            throws Exception {
        try (NDManager manager = engine.newManager();
                OnnxCase onnx = OnnxCase.open(name)) {
            NDArray x = onnx.input(0, manager);
            Kernels kernels = Kernels.of(x);
            NDArray y =
                    switch (onnx.operator()) {
                        case "PRelu" -> {
                            NDArray slope = onnx.input(1, manager);
                            int rank = slope.getShape().dimension();
                            yield kernels.parametricRelu(x, slope, x.getShape().dimension() - rank);
                        }
                        case "Softmax" -> kernels.softmax(x, onnx.integer("axis", -1));
                        case "LogSoftmax" -> kernels.logSoftmax(x, onnx.integer("axis", -1));
                        case "SwiGLU" ->
                                kernels.gatedActivation(
                                        x,
                                        onnx.input(1, manager),
                                        ActivationFunction.swish(onnx.number("alpha", 1)));
                        default -> kernels.activation(x, function(onnx));
                    };
            onnx.assertOutput(0, y, tolerance(onnx));
        }
    }

    /** The operators' defaults where an attribute is absent. */
    private static ActivationFunction function(OnnxCase onnx) {
        return switch (onnx.operator()) {
            case "Celu" -> ActivationFunction.celu(onnx.number("alpha", 1));
            case "Elu" -> ActivationFunction.elu(onnx.number("alpha", 1));
            case "Erf" -> ActivationFunction.ERF;
            case "Gelu" ->
                    onnx.text("approximate", "none").equals("tanh")
                            ? ActivationFunction.GELU_TANH
                            : ActivationFunction.GELU;
            case "HardSigmoid" ->
                    ActivationFunction.hardSigmoid(
                            onnx.number("alpha", 0.2), onnx.number("beta", 0.5));
            case "HardSwish" -> ActivationFunction.HARD_SWISH;
            case "LeakyRelu" -> ActivationFunction.leakyRelu(onnx.number("alpha", 0.01));
            case "Mish" -> ActivationFunction.MISH;
            case "Selu" ->
                    ActivationFunction.selu(
                            onnx.number("alpha", 1.6732631921768188),
                            onnx.number("gamma", 1.0507010221481323));
            case "Sigmoid" -> ActivationFunction.SIGMOID;
            case "Softplus" -> ActivationFunction.SOFTPLUS;
            case "Softsign" -> ActivationFunction.SOFTSIGN;
            case "ThresholdedRelu" -> ActivationFunction.thresholdedRelu(onnx.number("alpha", 1));
            default -> throw new IllegalArgumentException("no function for " + onnx.operator());
        };
    }

    /**
     * A few elementwise steps, ours and as many of the reference's; one more rounding where the
     * result is stored in 16 bits.
     */
    private static Tolerance tolerance(OnnxCase onnx) {
        DataType stored = onnx.isBfloat16(0) ? DataType.BFLOAT16 : onnx.outputType(0);
        return Tolerance.of(stored, 1, stored == DataType.FLOAT32 ? 4 : 1)
                .deliveredAs(onnx.outputType(0));
    }
}

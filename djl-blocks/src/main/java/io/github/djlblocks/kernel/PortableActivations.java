package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;

/** Activations in DJL operations that every engine has and can differentiate. */
interface PortableActivations extends ActivationKernels {

    double SQRT_HALF = Math.sqrt(0.5);
    double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    @Override
    default NDArray activation(NDArray x, ActivationFunction function) {
        NDArray wide = Precision.widen(x);
        NDArray y =
                switch (function) {
                    case SILU -> wide.mul(Activation.sigmoid(wide));
                    case GELU -> wide.mul(0.5).mul(wide.mul(SQRT_HALF).erf().add(1));
                    case GELU_TANH -> {
                        NDArray inner = wide.square().mul(0.044715).add(1).mul(wide);
                        yield wide.mul(0.5).mul(inner.mul(SQRT_2_OVER_PI).tanh().add(1));
                    }
                    case RELU -> Activation.relu(wide);
                    case SIGMOID -> Activation.sigmoid(wide);
                    case TANH -> wide.tanh();
                    case IDENTITY -> wide;
                };
        return Precision.narrow(y, x);
    }

    @Override
    default NDArray gatedActivation(NDArray gate, NDArray up, ActivationFunction function) {
        return activation(gate, function).mul(up);
    }
}

package io.github.djlblocks.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.github.djlblocks.kernel.Kernels;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of several backward passes added up, with the same result on every engine: PyTorch adds
 * to what a parameter has, MXNet writes over it, and keeps what an earlier pass left where this one
 * did not come by.
 *
 * <p>Where the engine adds, nothing is copied. One backward pass a {@link #add}; {@link #clear}
 * starts anew.
 */
public final class GradientSums implements AutoCloseable {

    private final Map<Parameter, @Nullable NDArray> sums = new LinkedHashMap<>();
    private final NDManager manager;
    private final boolean addsUp;

    /**
     * Creates sums that are 0, and makes the gradients of the parameters 0.
     *
     * @param manager of the copies, where the engine does not add
     * @param parameters those that want a gradient, initialised
     */
    public GradientSums(NDManager manager, Collection<Parameter> parameters) {
        this.manager = manager.newSubManager();
        boolean adds = false;
        for (Parameter parameter : parameters) {
            sums.put(parameter, null);
            adds = addsUp(parameter.getArray());
        }
        addsUp = adds;
        clear();
    }

    /** Whether a backward pass adds to the gradient that an array has. */
    static boolean addsUp(NDArray array) {
        return "PyTorch".equals(array.getManager().getEngine().getEngineName());
    }

    /** Adds the gradients of the backward pass that has just been. */
    public void add() {
        if (addsUp) {
            return;
        }
        for (Map.Entry<Parameter, @Nullable NDArray> entry : sums.entrySet()) {
            try (NDArray gradient = entry.getKey().getArray().getGradient()) {
                NDArray sum = entry.getValue();
                if (sum == null) {
                    NDArray copy = manager.zeros(gradient.getShape(), gradient.getDataType());
                    Kernels.of(copy).overwrite(copy, gradient);
                    entry.setValue(copy);
                } else {
                    Values.add(sum, gradient);
                }
                Values.zero(gradient);
            }
        }
    }

    /**
     * Returns the length of all gradients as one vector.
     *
     * @return {@code sqrt(sum g^2)}; NaN or infinite if one of them is
     */
    public double norm() {
        double squares = 0;
        for (Parameter parameter : sums.keySet()) {
            try (NDArray sum = of(parameter)) {
                squares += Values.squaredLength(sum);
            }
        }
        return Math.sqrt(squares);
    }

    /**
     * Shortens all gradients by one factor, so that their {@link #norm} is at most a bound: {@code
     * g * min(1, bound / (norm + 1e-6))}, as {@code torch.nn.utils.clip_grad_norm_}.
     *
     * @param norm what {@link #norm} said
     * @param bound the most it may be
     */
    public void clip(double norm, double bound) {
        double factor = bound / (norm + 1e-6);
        if (factor < 1) {
            for (Parameter parameter : sums.keySet()) {
                try (NDArray sum = of(parameter)) {
                    Values.scale(sum, factor);
                }
            }
        }
    }

    /**
     * Returns the sum of a parameter's gradients.
     *
     * @param parameter one of those this was made with
     * @return the sum itself, in an array to be closed
     */
    public NDArray of(Parameter parameter) {
        NDArray sum = sums.get(parameter);
        if (sum == null) {
            return parameter.getArray().getGradient();
        }
        return sum.stopGradient();
    }

    /** Makes all of them 0. */
    public void clear() {
        for (Map.Entry<Parameter, @Nullable NDArray> entry : sums.entrySet()) {
            try (NDArray gradient = entry.getKey().getArray().getGradient()) {
                Values.zero(gradient);
            }
            NDArray sum = entry.getValue();
            if (sum != null) {
                sum.close();
                entry.setValue(null);
            }
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}

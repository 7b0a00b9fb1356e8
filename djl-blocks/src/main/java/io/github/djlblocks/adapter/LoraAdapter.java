package io.github.djlblocks.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.initializer.UniformInitializer;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.LinearAdapter;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * LoRA and DoRA of one linear map.
 *
 * <p>LoRA (arXiv 2106.09685): {@code y = W x + b + f B A drop(x)}, A (r, in), B (out, r), f = alpha
 * / r, or with rsLoRA (2312.03732) alpha / sqrt(r). A starts uniform within 1 / sqrt(in), B at 0,
 * so that nothing is changed at first.
 *
 * <p>DoRA (2402.09353): {@code y = W x + b - W d + (m / ||V||) * (W d + f B A d)}, d = drop(x), V =
 * W + f B A, m (out) and the lengths of rows {@code ||V||} a factor of each output; m starts as
 * {@code ||W||}. The lengths are constants to the gradient. As PEFT 0.15 {@code LoraLinear} and
 * {@code DoraLinearLayer}.
 */
final class LoraAdapter extends LinearAdapter {

    static final String DOWN = "loraA";
    static final String UP = "loraB";
    static final String BIAS = "loraBias";
    static final String MAGNITUDE = "magnitude";

    private final Linear base;
    private final LoraSizes sizes;
    private final LoraConfig config;
    private final double dropout;
    private final Parameter down;
    private final Parameter up;
    private final @Nullable Parameter bias;
    private final @Nullable Parameter magnitude;

    LoraAdapter(Linear base, LoraSizes sizes, LoraConfig config) {
        super(base);
        this.base = base;
        this.sizes = sizes;
        this.config = config;
        dropout = config.dropout();
        int in = base.getInputs();
        int out = base.getOutputs();
        int rank = sizes.rank();
        Initializer first = new UniformInitializer((float) (1 / Math.sqrt(in)));
        down = addParameter(DOWN, new Shape(rank, in), first);
        up = addParameter(UP, new Shape(out, rank), Initializer.ZEROS);
        bias = config.hasLoraBias() ? addParameter(BIAS, new Shape(out), Initializer.ZEROS) : null;
        magnitude = config.isDora() ? addParameter(MAGNITUDE, new Shape(out), this::lengths) : null;
    }

    private NDArray lengths(NDManager manager, Shape shape, DataType type) {
        NDArray weight = base.getDirectParameters().get("weight").getArray();
        NDArray lengths = NativeScope.keep(Kernels.of(weight).rowLengths(weight));
        lengths.attach(manager);
        return lengths;
    }

    Linear base() {
        return base;
    }

    LoraSizes sizes() {
        return sizes;
    }

    LoraConfig config() {
        return config;
    }

    boolean isDora() {
        return magnitude != null;
    }

    /** Its parameters by name. */
    Map<String, Parameter> named() {
        return getDirectParameters().toMap();
    }

    /** The shapes to initialise it for. */
    Shape[] shapes() {
        return new Shape[] {new Shape(-1, base.getInputs()), new Shape(-1, base.getOutputs())};
    }

    @Override
    protected NDArray adapt(ParameterStore store, NDArray x, NDArray y, boolean training) {
        Kernels kernels = Kernels.of(x);
        NDArray dropped = training && dropout > 0 ? kernels.dropout(x, dropout) : x;
        NDArray a = value(store, down, x, training);
        NDArray b = value(store, up, x, training);
        NDArray low = kernels.lowRank(dropped, a, b, optionalValue(store, bias, x, training));
        if (magnitude == null) {
            return kernels.add(low, sizes.factor(), y);
        }
        NDArray w = base.weight(store, x, training, null);
        NDArray m = value(store, magnitude, x, training);
        NDArray factors = kernels.perRowLength(m, kernels.addLowRank(w, a, b, sizes.factor()));
        NDArray own = kernels.linear(dropped, w, null);
        NDArray scaled = kernels.scale(kernels.add(low, sizes.factor(), own), factors);
        return kernels.add(scaled, 1, kernels.add(own, -1, y));
    }

    @Override
    protected NDArray adaptWeight(ParameterStore store, NDArray weight, boolean training) {
        if (training && dropout > 0) {
            throw new IllegalStateException(
                    "dropout ("
                            + dropout
                            + ") of an adapter drops inputs, but this map's weight is used without"
                            + " them: train with a dropout of 0");
        }
        Kernels kernels = Kernels.of(weight);
        NDArray a = value(store, down, weight, training);
        NDArray b = value(store, up, weight, training);
        NDArray sum = kernels.addLowRank(weight, a, b, sizes.factor());
        if (magnitude == null) {
            return sum;
        }
        NDArray m = value(store, magnitude, weight, training);
        return kernels.scaleRows(sum, kernels.perRowLength(m, sum));
    }

    @Override
    protected @Nullable NDArray adaptBias(ParameterStore store, @Nullable NDArray biasOfMap) {
        if (bias == null) {
            return biasOfMap;
        }
        if (biasOfMap == null) {
            throw new IllegalStateException(
                    "the adapter has a bias (lora_bias), but the map has none that it could be"
                            + " merged into");
        }
        NDArray own = value(store, bias, biasOfMap, false);
        return Kernels.of(own).add(own, sizes.factor(), biasOfMap);
    }
}

package io.github.djlblocks.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.Kernels;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * AdamW: Adam with weight decay apart from the gradient, and groups of parameters that have their
 * own decay and rate.
 *
 * <p>Update t of a parameter w with gradient g, from 1:
 *
 * <pre>
 * m = beta1 m + (1 - beta1) g
 * v = beta2 v + (1 - beta2) g^2
 * w = w (1 - rate decay)
 * w = w - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 * </pre>
 *
 * <p>By default biases and the weights of norms, and all else of less than two axes, do not decay.
 * Computed with the same operations in the same order on every engine, in the type of the
 * parameter. Loshchilov and Hutter, arXiv 1711.05101; as {@code torch.optim.AdamW}. DJL's {@link
 * ai.djl.training.optimizer.AdamW} has one decay for all, and epsilon under another root.
 *
 * <p>It serves {@link ai.djl.training.Trainer} as any optimizer of DJL does. What it remembers, two
 * arrays a parameter, is held until {@link #close}.
 */
public final class AdamW extends Optimizer implements AutoCloseable {

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Tracker learningRate;
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private @Nullable NDManager manager;
    private boolean closed;

    /** A parameter and what is remembered of its gradients. */
    private static final class Entry {

        private final String path;
        private final double decay;
        private final double rateFactor;
        private @Nullable NDArray mean;
        private @Nullable NDArray variance;
        private int updates;

        private Entry(String path, double decay, double rateFactor) {
            this.path = path;
            this.decay = decay;
            this.rateFactor = rateFactor;
        }
    }

    AdamW(AdamWBuilder builder) {
        super(builder);
        learningRate = builder.learningRate();
        beta1 = share("beta1", builder.beta1());
        beta2 = share("beta2", builder.beta2());
        epsilon = positive("epsilon", builder.epsilon());
        ParameterPaths.of(builder.block())
                .forEach(
                        (path, parameter) -> {
                            AdamWBuilder.Group group = builder.groupOf(path, parameter);
                            entries.put(
                                    parameter.getId(),
                                    new Entry(path, group.decay(), group.rateFactor()));
                        });
    }

    private static double share(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(name + " (" + value + ") must be from 0 to below 1");
        }
        return value;
    }

    private static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " (" + value + ") must be above 0");
        }
        return value;
    }

    /**
     * Starts an optimizer of the parameters of a block, those it has now.
     *
     * @param block the block; it need not be initialised yet
     * @return a new builder
     */
    public static AdamWBuilder builder(Block block) {
        return new AdamWBuilder(block);
    }

    /**
     * Updates a parameter, and on engines that add gradients up makes its own 0.
     *
     * @param parameterId which one, as {@link Parameter#getId} says
     * @param weight its values, changed in place
     * @param grad its gradient
     * @throws IllegalArgumentException if it was not in the block when this was built
     * @throws IllegalStateException if this is closed
     */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        Entry entry = entry(parameterId, parameterId);
        remember(entry, weight);
        entry.updates++;
        double rate = learningRate.getNewValue(entry.updates) * entry.rateFactor;
        try (NDManager own = weight.getManager().newSubManager();
                NDArray view = weight.stopGradient();
                NDArray slope = grad.stopGradient()) {
            view.attach(own);
            slope.attach(own);
            descend(entry, view, slope, rate);
        }
        if (weight.hasGradient() && GradientSums.addsUp(weight)) {
            try (NDArray gradient = weight.getGradient()) {
                Values.zero(gradient);
            }
        }
    }

    private Entry entry(String parameterId, String name) {
        Entry entry = entries.get(parameterId);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "parameter '"
                            + name
                            + "' is none of the "
                            + entries.size()
                            + " this AdamW was built for: build it when the block has all of its"
                            + " children, adapters included");
        }
        return entry;
    }

    /**
     * Requires that this was built for a parameter.
     *
     * @param path what to call it
     * @param parameter the parameter
     * @throws IllegalArgumentException if it was not
     */
    public void require(String path, Parameter parameter) {
        entry(parameter.getId(), path);
    }

    @SuppressWarnings("NullAway") // remember() has filled the entry
    private void descend(Entry entry, NDArray weight, NDArray gradient, double rate) {
        NDArray mean = entry.mean;
        NDArray variance = entry.variance;
        double correction1 = 1 - Math.pow(beta1, entry.updates);
        double correction2 = Math.sqrt(1 - Math.pow(beta2, entry.updates));
        mean.muli(number(mean, beta1));
        try (NDArray part = gradient.mul(number(mean, 1 - beta1))) {
            mean.addi(part);
        }
        variance.muli(number(variance, beta2));
        try (NDArray part = gradient.square()) {
            part.muli(number(part, 1 - beta2));
            variance.addi(part);
        }
        if (entry.decay != 0) {
            weight.muli(number(weight, 1 - rate * entry.decay));
        }
        try (NDArray root = variance.sqrt();
                NDArray scaled = root.div(number(root, correction2))) {
            scaled.addi(number(scaled, epsilon));
            try (NDArray step = mean.div(scaled)) {
                step.muli(number(step, rate / correction1));
                weight.subi(step);
            }
        }
    }

    private static Number number(NDArray array, double value) {
        return Values.number(array, value);
    }

    private void remember(Entry entry, NDArray weight) {
        if (closed) {
            throw new IllegalStateException("this AdamW is closed: build another one");
        }
        if (entry.mean == null) {
            entry.mean = zeros(weight);
            entry.variance = zeros(weight);
        }
    }

    private NDArray zeros(NDArray like) {
        if (manager == null) {
            manager = like.getManager().getEngine().newBaseManager(like.getDevice());
            manager.setName("AdamW");
        }
        NDArray zeros = manager.zeros(like.getShape(), like.getDataType());
        zeros.attach(manager);
        return zeros;
    }

    /**
     * Returns the rate that the next update of a parameter that is in no group has.
     *
     * @param updates how many updates there were
     * @return the rate
     */
    public double learningRate(int updates) {
        return learningRate.getNewValue(updates + 1);
    }

    /**
     * Returns what differs from another optimizer of the same kind, but for its schedule.
     *
     * @return one line
     */
    public String settings() {
        long decaying = entries.values().stream().filter(entry -> entry.decay != 0).count();
        double decay = entries.values().stream().mapToDouble(entry -> entry.decay).sum();
        double factors = entries.values().stream().mapToDouble(entry -> entry.rateFactor).sum();
        return String.format(
                Locale.ROOT,
                "AdamW beta1 %s, beta2 %s, epsilon %s, %d parameters, %d decay (sum %s), factors"
                        + " %s",
                beta1,
                beta2,
                epsilon,
                entries.size(),
                decaying,
                decay,
                factors);
    }

    /**
     * Returns what is remembered: the arrays by path of the parameter, {@code m} as {@code
     * mean.<path>} and {@code v} as {@code variance.<path>}, of parameters that had an update.
     *
     * @return arrays that this owns, in the order of the parameters
     */
    public Map<String, NDArray> memory() {
        Map<String, NDArray> memory = new LinkedHashMap<>();
        for (Entry entry : entries.values()) {
            if (entry.mean != null && entry.variance != null) {
                memory.put("mean." + entry.path, entry.mean);
                memory.put("variance." + entry.path, entry.variance);
            }
        }
        return memory;
    }

    /**
     * Returns how many updates each parameter had, by path, of those that had one.
     *
     * @return path to number
     */
    public Map<String, Integer> updates() {
        Map<String, Integer> updates = new LinkedHashMap<>();
        for (Entry entry : entries.values()) {
            if (entry.updates > 0) {
                updates.put(entry.path, entry.updates);
            }
        }
        return Collections.unmodifiableMap(updates);
    }

    /**
     * Goes back to what was remembered elsewhere.
     *
     * @param memory what {@link #memory} said; the arrays are copied
     * @param updates what {@link #updates} said
     * @throws IllegalArgumentException if it is of other parameters; nothing has changed then
     */
    public void restore(Map<String, NDArray> memory, Map<String, Integer> updates) {
        Map<String, Entry> byPath = new LinkedHashMap<>();
        entries.values().forEach(entry -> byPath.put(entry.path, entry));
        for (String path : updates.keySet()) {
            if (!byPath.containsKey(path)
                    || !memory.containsKey("mean." + path)
                    || !memory.containsKey("variance." + path)) {
                throw new IllegalArgumentException(
                        "what was remembered of '"
                                + path
                                + "' does not fit: this AdamW was built for other parameters");
            }
        }
        for (Entry entry : byPath.values()) {
            Integer count = updates.get(entry.path);
            entry.mean = replaced(entry.mean, count, memory.get("mean." + entry.path));
            entry.variance = replaced(entry.variance, count, memory.get("variance." + entry.path));
            entry.updates = count == null ? 0 : count;
        }
    }

    private @Nullable NDArray replaced(
            @Nullable NDArray old, @Nullable Integer count, @Nullable NDArray value) {
        if (old != null) {
            old.close();
        }
        if (count == null || value == null) {
            return null;
        }
        NDArray copy = zeros(value);
        Kernels.of(copy).overwrite(copy, value);
        return copy;
    }

    /** Frees what is remembered. */
    @Override
    public void close() {
        closed = true;
        if (manager != null) {
            manager.close();
        }
    }
}

package io.github.djlblocks.training;

import ai.djl.MalformedModelException;
import ai.djl.TrainingDivergedException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationCheckpoints;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.optimizer.GradientSums;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Trains a block in the same way on every engine: gradients of several batches added up, clipped by
 * their global norm, given to {@link AdamW}; saved, and gone on with, bit for bit.
 *
 * <p>Step n, from 1, reads the batches {@code (n - 1) k} to {@code n k - 1} of its data, k being
 * the accumulation. Its loss is that of all of them as one batch: the mean loss of batch i counts
 * {@code c_i / sum c}, c being the number of labels that are not ignored, or the batch size for
 * another loss than {@link MaskedCrossEntropyLoss}. Only parameters that want a gradient ({@code
 * freezeParameters(false)}) change; DJL's {@code Model.newTrainer} is not used, as it unfreezes
 * what was frozen. Before each batch the engine's random numbers begin anew from the seed, the step
 * and the batch, so dropout is repeated too.
 *
 * <p>The optimizer is the caller's, to close after this. Not for use by several threads.
 */
public final class TrainingRun implements AutoCloseable {

    private final Block block;
    private final Loss loss;
    private final AdamW optimizer;
    private final BatchSource data;
    private final ToDoubleFunction<TrainingBatch> weight;
    private final int accumulation;
    private final double clipNorm;
    private final boolean checkpointing;
    private final long seed;
    private final NDManager manager;
    private final Engine engine;
    private final ParameterStore store;
    private final Map<String, Parameter> trained = new LinkedHashMap<>();
    private final GradientSums sums;
    private long step;

    TrainingRun(TrainingRunBuilder builder) {
        block = builder.block();
        loss = builder.loss();
        optimizer = builder.optimizer();
        data = builder.data();
        accumulation = builder.accumulation();
        clipNorm = builder.clipNorm();
        checkpointing = builder.checkpointing();
        seed = builder.seed();
        weight = weightOf(loss);
        ParameterPaths.of(block).forEach(this::take);
        if (trained.isEmpty()) {
            throw new IllegalArgumentException(
                    "no parameter of "
                            + block.getClass().getSimpleName()
                            + " wants a gradient: call freezeParameters(false) on what is to"
                            + " learn");
        }
        NDArray first = trained.values().iterator().next().getArray();
        engine = first.getManager().getEngine();
        manager = engine.newBaseManager(first.getDevice());
        manager.setName("training run");
        store = new ParameterStore(manager, false);
        sums = new GradientSums(manager, trained.values());
    }

    private void take(String path, Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new IllegalArgumentException(
                    "parameter '" + path + "' has no values: initialise or load the block first");
        }
        if (parameter.requiresGradient()) {
            optimizer.require(path, parameter);
            parameter.getArray().setRequiresGradient(true);
            trained.put(path, parameter);
        }
    }

    private static ToDoubleFunction<TrainingBatch> weightOf(Loss loss) {
        if (loss instanceof MaskedCrossEntropyLoss masked) {
            return batch -> {
                long counted = 0;
                for (Number label : batch.labels().get(0).toArray()) {
                    counted += label.longValue() == masked.getIgnoredLabel() ? 0 : 1;
                }
                return counted;
            };
        }
        return batch -> batch.data().get(0).getShape().get(0);
    }

    /**
     * Starts a run.
     *
     * @return a new builder
     */
    public static TrainingRunBuilder builder() {
        return new TrainingRunBuilder();
    }

    /**
     * Returns how many updates there were.
     *
     * @return the number of the last step, 0 before the first
     */
    public long step() {
        return step;
    }

    /**
     * Makes updates.
     *
     * @param steps how many
     * @param listener is told each
     * @throws TrainingDivergedException as {@link #next}
     */
    public void run(long steps, Consumer<TrainingStep> listener) {
        for (long i = 0; i < steps; i++) {
            listener.accept(next());
        }
    }

    /**
     * Makes one update.
     *
     * @return what it was like
     * @throws TrainingDivergedException if the loss or a gradient is not finite; parameters and
     *     position are as before
     */
    public TrainingStep next() {
        try (NDManager own = manager.newSubManager()) {
            double mean = collect(own);
            double norm = sums.norm();
            if (!Double.isFinite(mean) || !Double.isFinite(norm)) {
                throw new TrainingDivergedException(
                        "step "
                                + (step + 1)
                                + ": the loss is "
                                + mean
                                + " and the norm of the gradients "
                                + norm
                                + ": parameters are as they were; lower the learning rate, or look"
                                + " at batch "
                                + step * accumulation);
            }
            sums.clip(norm, clipNorm);
            double rate = optimizer.learningRate(Math.toIntExact(step));
            for (Parameter parameter : trained.values()) {
                try (NDArray gradient = sums.of(parameter)) {
                    optimizer.update(parameter.getId(), parameter.getArray(), gradient);
                }
            }
            step++;
            return new TrainingStep(step, mean, norm, rate);
        } finally {
            sums.clear();
        }
    }

    /** Adds the gradients of all batches of the step up, and returns their mean loss. */
    private double collect(NDManager own) {
        List<TrainingBatch> batches = new ArrayList<>();
        double[] counts = new double[accumulation];
        double total = 0;
        for (int i = 0; i < accumulation; i++) {
            TrainingBatch batch = data.get(own, step * accumulation + i);
            batches.add(batch);
            counts[i] = weight.applyAsDouble(batch);
            total += counts[i];
        }
        double mean = 0;
        for (int i = 0; i < accumulation; i++) {
            TrainingBatch batch = batches.get(i);
            double share = total == 0 ? 0 : counts[i] / total;
            int random = random(step * accumulation + i);
            try (NDManager inner = own.newSubManager()) {
                batch.data().attach(inner);
                batch.labels().attach(inner);
                mean += share * backward(batch, share, random);
            }
        }
        return mean;
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private double backward(TrainingBatch batch, double share, int random) {
        engine.setRandomSeed(random);
        try (GradientCollector collector = engine.newGradientCollector();
                ActivationCheckpoints checkpoints =
                        checkpointing ? new ActivationCheckpoints(random) : null) {
            NDList outputs = block.forward(store, batch.data(), true, params(checkpoints));
            NDArray mean = loss.evaluate(batch.labels(), outputs);
            collector.backward(Kernels.of(mean).scale(mean, share));
            sums.add();
            if (checkpoints != null) {
                checkpoints.backward(collector, sums::add);
            }
            return mean.toArray()[0].doubleValue();
        }
    }

    private static @Nullable PairList<String, Object> params(
            @Nullable ActivationCheckpoints checkpoints) {
        if (checkpoints == null) {
            return null;
        }
        PairList<String, Object> params = new PairList<>();
        params.add(ActivationCheckpoints.PARAM, checkpoints);
        return params;
    }

    private int random(long batch) {
        long z = (seed + 1) * 0x9e3779b97f4a7c15L + batch * 0xc2b2ae3d27d4eb4fL;
        z = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
        return (int) (z >>> 33) & 0x3fffffff;
    }

    /**
     * Computes the loss over data that is not learnt from.
     *
     * @param unseen the data
     * @param batches how many of its batches, from the first
     * @return the mean loss over all that was to be predicted
     */
    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    public double evaluate(BatchSource unseen, int batches) {
        double sum = 0;
        double total = 0;
        for (int i = 0; i < batches; i++) {
            try (NDManager own = manager.newSubManager()) {
                TrainingBatch batch = unseen.get(own, i);
                NDList outputs = block.forward(store, batch.data(), false, null);
                double count = weight.applyAsDouble(batch);
                double mean = loss.evaluate(batch.labels(), outputs).toArray()[0].doubleValue();
                sum += count == 0 ? 0 : count * mean;
                total += count;
            }
        }
        return total == 0 ? 0 : sum / total;
    }

    /**
     * Saves all that the run needs to go on: the parameters that learn, what the optimizer
     * remembers, and the position in the data. Files of an earlier step are replaced, all or none.
     *
     * @param directory where to; made if it is not there
     * @throws IOException if it cannot be written; the directory is as before then
     */
    public void save(Path directory) throws IOException {
        checkpoint().save(directory);
    }

    /**
     * Goes on where another run of the same block, data and settings was saved. The next step is
     * the one that that run would have made, bit for bit on the same engine and machine. The
     * schedule of the learning rate is this run's own: it may be a longer one.
     *
     * @param directory where it was saved
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if a file of it is damaged
     * @throws IllegalArgumentException if it is of another run: other parameters, sizes, frozen
     *     weights, data, seed or settings; nothing has changed then
     */
    public void resume(Path directory) throws IOException, MalformedModelException {
        step = checkpoint().load(directory);
    }

    private TrainingCheckpoint checkpoint() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("data", data.identity());
        settings.put("loss", loss.getName());
        settings.put("optimizer", optimizer.settings());
        settings.put("accumulation", String.valueOf(accumulation));
        settings.put("clip norm", String.valueOf(clipNorm));
        settings.put("seed", String.valueOf(seed));
        Parameter first = trained.values().iterator().next();
        settings.put("type", first.getArray().getDataType().toString());
        return new TrainingCheckpoint(block, trained, optimizer, manager, settings, step);
    }

    /** Ends the run. Block and optimizer stay open. */
    @Override
    public void close() {
        sums.close();
        manager.close();
    }
}

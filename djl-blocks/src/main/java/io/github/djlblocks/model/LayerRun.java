package io.github.djlblocks.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.ActivationCheckpoints;
import io.github.djlblocks.position.PositionBias;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a pass through a stack of layers keeps on the way, as far as it was asked for. */
final class LayerRun {

    private final boolean keepHidden;
    private final boolean keepWeights;
    private final @Nullable ActivationCheckpoints checkpoints;
    private final NDList hidden = new NDList();
    private final List<NDList> weights = new ArrayList<>();

    private LayerRun(
            @Nullable PairList<String, Object> params,
            @Nullable ActivationCheckpoints checkpoints) {
        keepHidden = flag(params, CausalLanguageModel.HIDDEN_STATES);
        keepWeights = flag(params, CausalLanguageModel.ATTENTIONS);
        this.checkpoints = checkpoints;
    }

    /** A pass through layers that share more than their input: it takes no checkpoints. */
    static LayerRun of(@Nullable PairList<String, Object> params) {
        if (checkpoints(params) != null) {
            throw new IllegalArgumentException(
                    "activation checkpoints serve decoders and encoders that run alone: the layers"
                            + " here also get gradients through a memory; leave the param "
                            + ActivationCheckpoints.PARAM
                            + " out");
        }
        return new LayerRun(params, null);
    }

    /** A pass through layers of which one array enters the next, and nothing else learns. */
    static LayerRun of(@Nullable PairList<String, Object> params, boolean training) {
        ActivationCheckpoints checkpoints = checkpoints(params);
        LayerRun run = new LayerRun(params, checkpoints);
        if (checkpoints != null && (!training || run.keepHidden || run.keepWeights)) {
            throw new IllegalArgumentException(
                    "activation checkpoints are for training passes that return neither hidden"
                            + " states nor attention weights: leave one of the params out");
        }
        return run;
    }

    private static @Nullable ActivationCheckpoints checkpoints(
            @Nullable PairList<String, Object> params) {
        return Params.get(params, ActivationCheckpoints.PARAM, ActivationCheckpoints.class);
    }

    /** What layers read beside their input, which lives on if they are to run again. */
    AttentionContext shared(AttentionContext context, @Nullable PositionBias bias) {
        if (checkpoints == null) {
            return context;
        }
        if (bias != null && !bias.getParameters().isEmpty()) {
            throw new IllegalArgumentException(
                    "activation checkpoints cannot carry the gradient of a learnt position bias,"
                            + " which all layers share: leave the param "
                            + ActivationCheckpoints.PARAM
                            + " out");
        }
        return context.map(NativeScope::keep, slot -> slot);
    }

    /** Runs a layer and keeps the weights it returns. */
    NDArray layer(NDArray x, Function<NDArray, NDList> layer) {
        if (checkpoints != null) {
            return checkpoints.run(x, input -> layer.apply(input).get(0));
        }
        NDList left = layer.apply(x);
        weights(left);
        return left.get(0);
    }

    static boolean flag(@Nullable PairList<String, Object> params, String name) {
        return Boolean.TRUE.equals(Params.get(params, name, Boolean.class));
    }

    boolean keepsWeights() {
        return keepWeights;
    }

    /** Keeps what enters a layer, or leaves the last. */
    void hidden(NDArray x) {
        if (keepHidden) {
            hidden.add(x);
        }
    }

    /** Keeps the weights that follow the output of a layer, one kind after the other. */
    void weights(NDList outputs) {
        for (int kind = 1; kind < outputs.size(); kind++) {
            if (weights.size() < kind) {
                weights.add(new NDList());
            }
            weights.get(kind - 1).add(outputs.get(kind));
        }
    }

    /** The output, then all hidden states, then all weights of each kind. */
    NDList after(NDArray output) {
        NDList outputs = new NDList(checkpoints == null ? output : checkpoints.handOn(output));
        outputs.addAll(hidden);
        weights.forEach(outputs::addAll);
        return outputs;
    }
}

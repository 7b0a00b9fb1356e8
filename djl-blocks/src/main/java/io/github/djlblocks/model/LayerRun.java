package io.github.djlblocks.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Params;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a pass through a stack of layers keeps on the way, as far as it was asked for. */
final class LayerRun {

    private final boolean keepHidden;
    private final boolean keepWeights;
    private final NDList hidden = new NDList();
    private final List<NDList> weights = new ArrayList<>();

    private LayerRun(boolean keepHidden, boolean keepWeights) {
        this.keepHidden = keepHidden;
        this.keepWeights = keepWeights;
    }

    static LayerRun of(@Nullable PairList<String, Object> params) {
        return new LayerRun(
                flag(params, CausalLanguageModel.HIDDEN_STATES),
                flag(params, CausalLanguageModel.ATTENTIONS));
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
        NDList outputs = new NDList(output);
        outputs.addAll(hidden);
        weights.forEach(outputs::addAll);
        return outputs;
    }
}

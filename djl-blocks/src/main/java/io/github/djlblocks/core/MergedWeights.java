package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The adapter that is merged into the parameters of a linear map, and what was there before. */
final class MergedWeights {

    private final List<NDArray> kept = new ArrayList<>();
    private volatile @Nullable String name;

    @Nullable String name() {
        return name;
    }

    void merge(
            String adapterName, LinearAdapter adapter, Parameter weight, @Nullable Parameter bias) {
        if (name != null) {
            throw new IllegalStateException(
                    "adapter '"
                            + adapterName
                            + "' cannot be merged: '"
                            + name
                            + "' is already; unmerge it first");
        }
        requireWritable(adapterName, weight);
        NDArray before = weight.getArray();
        NDArray biasBefore = bias == null ? null : bias.getArray();
        NDList made =
                Workspace.run(
                        new NDList(before),
                        own -> {
                            ParameterStore store = new ParameterStore(before.getManager(), false);
                            NDList changed =
                                    new NDList(adapter.adaptWeight(store, own.get(0), false));
                            NDArray other = adapter.adaptBias(store, biasBefore);
                            if (other != null) {
                                changed.add(other);
                            }
                            return changed;
                        });
        exchange(before, made.get(0));
        if (biasBefore != null && made.size() > 1) {
            exchange(biasBefore, made.get(1));
        }
        name = adapterName;
    }

    private static void requireWritable(String adapterName, Parameter weight) {
        String problem = null;
        if (!weight.isInitialized()) {
            problem = "the weight has no values, as it is packed for compiled passes";
        } else if (weight.requiresGradient()) {
            problem = "the weight wants a gradient: freeze it";
        }
        if (problem != null) {
            throw new IllegalStateException(
                    "adapter '" + adapterName + "' cannot be merged: " + problem);
        }
    }

    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    private void exchange(NDArray values, NDArray others) {
        if (values == others) {
            return;
        }
        NDArray copy = NativeScope.keep(values.duplicate());
        copy.attach(values.getManager());
        kept.add(copy);
        Kernels.of(values).overwrite(values, others);
        others.close();
    }

    void restore(Parameter weight, @Nullable Parameter bias) {
        for (int i = 0; i < kept.size(); i++) {
            Parameter parameter = i == 0 || bias == null ? weight : bias;
            NDArray values = parameter.getArray();
            Kernels.of(values).overwrite(values, kept.get(i));
        }
        forget();
    }

    void forget() {
        kept.forEach(NDArray::close);
        kept.clear();
        name = null;
    }
}

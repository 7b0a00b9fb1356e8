package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.AttentionInputs;
import io.github.djlblocks.kernel.AttentionKernels;
import io.github.djlblocks.kernel.AttentionOutput;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Recorded heads, masks and attention. */
interface RecordingAttention extends AttentionKernels, Recording {

    @Override
    default NDArray splitHeads(NDArray x, int heads) {
        Dim d = Dim.of(dim(x, 2).hint() / heads);
        return shaped("splitHeads", List.of(dim(x, 0), Dim.of(heads), dim(x, 1), d), x, x, heads);
    }

    @Override
    default NDArray mergeHeads(NDArray x) {
        Dim channels = Dim.of(dim(x, 1).hint() * dim(x, 3).hint());
        return shaped("mergeHeads", List.of(dim(x, 0), dim(x, 2), channels), x, x);
    }

    @Override
    default NDList splitFusedHeads(
            NDArray x, int queryHeads, int keyValueHeads, FusedHeadLayout layout) {
        Dim d = Dim.of(dim(x, 2).hint() / (queryHeads + 2L * keyValueHeads));
        List<Dim> queries = List.of(dim(x, 0), Dim.of(queryHeads), dim(x, 1), d);
        List<Dim> keys = List.of(dim(x, 0), Dim.of(keyValueHeads), dim(x, 1), d);
        return recorder()
                .callAll(
                        "splitFusedHeads",
                        true,
                        List.of(queries, keys, keys),
                        Collections.nCopies(3, x.getDataType()),
                        x,
                        queryHeads,
                        keyValueHeads,
                        layout);
    }

    @Override
    default NDList splitChannels(NDArray x, long... sizes) {
        List<List<Dim>> dims = new ArrayList<>();
        for (long size : sizes) {
            dims.add(withLast(x, Dim.of(size)));
        }
        return recorder()
                .callAll(
                        "splitChannels",
                        true,
                        dims,
                        Collections.nCopies(sizes.length, x.getDataType()),
                        x,
                        Arrays.stream(sizes).boxed().toList());
    }

    @Override
    default NDArray joinChannels(NDArray a, NDArray b) {
        Dim joined = Dim.of(dim(a, -1).hint() + dim(b, -1).hint());
        return shaped("joinChannels", withLast(a, joined), a, a, b);
    }

    @Override
    default NDArray headLinear(NDArray x, NDArray weight) {
        List<Dim> dims = List.of(dim(x, 0), dim(weight, 0), dim(x, 2), dim(weight, 2));
        return shaped("headLinear", dims, x, x, weight);
    }

    @Override
    default NDList splitHeadRows(NDArray weight, int heads, int first, int second) {
        Dim r = dim(weight, 1);
        return recorder()
                .callAll(
                        "splitHeadRows",
                        true,
                        List.of(
                                List.of(Dim.of(heads), Dim.of(first), r),
                                List.of(Dim.of(heads), Dim.of(second), r)),
                        Collections.nCopies(2, weight.getDataType()),
                        weight,
                        heads,
                        first,
                        second);
    }

    @Override
    default NDArray transposeLast(NDArray x) {
        List<Dim> dims = new ArrayList<>(dims(x));
        Collections.swap(dims, dims.size() - 1, dims.size() - 2);
        return shaped("transposeLast", dims, x, x);
    }

    @Override
    default NDArray paddingMask(NDArray attentionMask) {
        if (attentionMask.getDataType().isFloating()) {
            throw new IllegalArgumentException("an attention mask must be of integers");
        }
        List<Dim> dims = List.of(dim(attentionMask, 0), Dim.ONE, Dim.ONE, dim(attentionMask, 1));
        return recorder().call("paddingMask", dims, DataType.BOOLEAN, attentionMask);
    }

    @Override
    default NDArray lengthMask(NDArray lengths, long keys) {
        throw Recording.refused("lengthMask", "its number of keys is that of one call");
    }

    @Override
    default NDArray pastMask(NDArray x, Past past, NDArray keys) {
        List<Dim> dims = List.of(dim(x, 0), Dim.ONE, Dim.ONE, dim(keys, 2));
        return recorder().call("pastMask", dims, DataType.BOOLEAN, x, past, keys);
    }

    @Override
    default NDArray offsets(NDArray x, Past past) {
        return recorder().call("offsets", List.of(dim(x, 0)), DataType.INT64, x, past);
    }

    @Override
    default NDArray heldColumns(NDArray mask, NDArray keys, Past passed, NDArray x, int prefix) {
        Dim columns = dim(mask, -1);
        boolean perKey = columns.hint() == passed.longest() + dim(x, 1).hint();
        if (!perKey) {
            // One column for all keys, or one that broadcasts.
            return mask;
        }
        return shaped(
                "heldColumns", withLast(mask, dim(keys, 2)), mask, mask, keys, passed, x, prefix);
    }

    @Override
    default NDArray segmentMask(NDArray queries, NDArray keys) {
        List<Dim> dims =
                List.of(
                        Recording.wider(dim(queries, 0), dim(keys, 0)),
                        Dim.ONE,
                        dim(queries, 1),
                        dim(keys, 1));
        return recorder().call("segmentMask", dims, DataType.BOOLEAN, queries, keys);
    }

    @Override
    default NDArray bothMasks(NDArray a, NDArray b) {
        List<Dim> longer = dims(a).size() >= dims(b).size() ? dims(a) : dims(b);
        List<Dim> shorter = dims(a).size() >= dims(b).size() ? dims(b) : dims(a);
        List<Dim> dims = new ArrayList<>(longer);
        int missing = longer.size() - shorter.size();
        for (int axis = 0; axis < shorter.size(); axis++) {
            dims.set(axis + missing, Recording.wider(dims.get(axis + missing), shorter.get(axis)));
        }
        return recorder().call("bothMasks", dims, DataType.BOOLEAN, a, b);
    }

    @Override
    default AttentionOutput attention(AttentionInputs inputs, AttentionSpec spec) {
        NDArray q = inputs.query();
        NDArray k = inputs.key();
        NDArray v = inputs.value();
        if (spec.dropout() != 0) {
            throw Recording.refused("attention", "dropout draws random numbers");
        }
        boolean fits =
                dim(q, 0).hint() == dim(k, 0).hint()
                        && dim(k, 2).hint() == dim(v, 2).hint()
                        && dim(q, 3).hint() == dim(k, 3).hint()
                        && dim(q, 1).hint() % dim(k, 1).hint() == 0;
        Recording.require(fits, "queries do not fit keys and values", q, k);
        Shape scores = TracedArray.shapeOf(List.of(dim(q, 0), dim(q, 1), dim(q, 2), dim(k, 2)));
        requireBroadcast(inputs.mask(), scores, q);
        requireBroadcast(inputs.bias(), scores, q);
        List<Dim> values = Recording.replaced(dims(q), 3, dim(v, 3));
        List<Dim> weights = Recording.replaced(dims(q), 3, dim(k, 2));
        boolean asked = spec.returned() != null;
        NDList results =
                recorder()
                        .callAll(
                                "attention",
                                true,
                                asked ? List.of(values, weights) : List.of(values),
                                Collections.nCopies(asked ? 2 : 1, q.getDataType()),
                                q,
                                k,
                                v,
                                inputs.mask(),
                                inputs.bias(),
                                inputs.sinks(),
                                inputs.offsets(),
                                spec);
        return new AttentionOutput(results.get(0), asked ? results.get(1) : null);
    }

    private static void requireBroadcast(@Nullable NDArray mask, Shape scores, NDArray q) {
        if (mask != null) {
            Recording.require(
                    Recording.broadcasts(mask.getShape(), scores), "a mask does not fit", mask, q);
        }
    }
}

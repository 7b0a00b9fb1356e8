package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.AttentionInputs;
import io.github.djlblocks.kernel.AttentionOutput;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.AttentionStage;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.kernel.Workspace;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One pass of an attention block: its input, what it was told, and what passed before it. */
final class AttentionPass {

    private final NDArray x;
    private final AttentionContext context;
    private final boolean cross;
    private final KeyValueCache.@Nullable Slot slot;
    private final Past past;
    private final Kernels kernels;

    private AttentionPass(NDArray x, AttentionContext context, boolean cross) {
        this.x = x;
        this.context = context;
        this.cross = cross;
        slot = cross ? context.memoryCache() : context.cache();
        past = slot == null ? Past.NONE : slot.past();
        kernels = Kernels.of(x);
        if (!cross && context.segments() != null) {
            requireSegments(context.segments().getShape());
        }
    }

    static AttentionPass of(NDArray x, AttentionContext context, boolean cross) {
        return new AttentionPass(x, context, cross);
    }

    /** The table of the positions of x. */
    RotaryTable table(RotaryEmbedding rotary) {
        RotaryTable table = context.rotaryTable(rotary);
        if (table != null) {
            return table;
        }
        NDArray given = context.positions();
        NDArray positions = given == null ? kernels.positions(x, 1, past) : given;
        return rotary.table(positions, x.getDataType());
    }

    /** Queries, and all keys and values they may see. */
    NDList appended(NDArray q, NDArray k, NDArray v) {
        NDList heads = new NDList(q);
        heads.addAll(slot == null ? new NDList(k, v) : slot.append(k, v));
        return heads;
    }

    /** Whether keys and values of the memory are held. */
    boolean hasMemory() {
        return slot != null && slot.length() > 0;
    }

    /** Queries, and the keys and values held; refuses a memory other than theirs. */
    NDList withMemory(NDArray q, NDList inputs) {
        NDList heads = new NDList(q);
        if (slot != null) {
            NDList held = slot.content();
            requireMemory(held.get(0).getShape(), inputs);
            heads.addAll(held);
        }
        return heads;
    }

    private static void requireMemory(Shape held, NDList inputs) {
        Shape queries = inputs.get(0).getShape();
        boolean sameMemory = inputs.size() < 2 || inputs.get(1).getShape().get(1) == held.get(2);
        if (held.get(0) != queries.get(0) || !sameMemory) {
            throw new IllegalArgumentException(
                    "the cache holds the keys of a memory of "
                            + held.get(0)
                            + " rows and "
                            + held.get(2)
                            + " tokens, which do not fit the inputs "
                            + Arrays.toString(inputs.getShapes())
                            + ": use one cache per memory");
        }
    }

    /** Attention over heads (q, k, v) as a context, a cache and a spec together say. */
    AttentionOutput attend(NDList heads, @Nullable NDArray sinks, AttentionSpec spec) {
        NDArray k = heads.get(1);
        VisibleKeys visible = new VisibleKeys(x, slot == null ? null : slot.policy(), past, k);
        AttentionInputs inputs =
                AttentionInputs.of(heads.get(0), k, heads.get(2))
                        .withMask(cross ? own(context.memoryMask()) : visible.cut(mask(spec, k)))
                        .withBias(cross ? null : visible.cut(own(context.bias())))
                        .withSinks(sinks);
        if (!cross && past.isRagged()) {
            inputs = inputs.withOffsets(kernels.offsets(x, past));
        }
        AttentionSpec windowed = cross ? spec : visible.window(spec);
        AttentionStage stage = context.weights() ? AttentionStage.PROBABILITIES : null;
        return kernels.attention(inputs, windowed.withReturned(stage));
    }

    /** An array of the context, as one of this pass. */
    private @Nullable NDArray own(@Nullable NDArray given) {
        return given == null ? null : Workspace.borrow(given, x);
    }

    /** The mask of self-attention, together with what a row has of its own. */
    private @Nullable NDArray mask(AttentionSpec spec, NDArray k) {
        NDArray mask = own(context.mask());
        NDArray segments = own(context.segments());
        // A causal query sees nothing behind its row; another must not see what lies there.
        boolean apart = past.isRagged() && !spec.causal();
        if (segments == null && !apart) {
            return mask;
        }
        if (mask != null && mask.getDataType() != DataType.BOOLEAN) {
            throw new IllegalArgumentException(
                    "with "
                            + (apart ? "rows of different lengths" : "segments")
                            + " the mask must be BOOLEAN, got "
                            + mask.getDataType()
                            + ": give what is added to the scores as the bias");
        }
        NDArray row =
                segments == null
                        ? kernels.pastMask(x, past, k)
                        : kernels.segmentMask(segments, segments);
        return mask == null ? row : kernels.bothMasks(row, mask);
    }

    private void requireSegments(Shape segments) {
        if (slot != null) {
            throw new IllegalArgumentException(
                    "segments are of a pass without a cache: pack sequences to train on them, and"
                            + " generate with one row each");
        }
        Shape tokens = x.getShape().slice(0, 2);
        Shape shared = new Shape(1, tokens.get(1));
        if (!segments.equals(tokens) && !segments.equals(shared)) {
            throw new IllegalArgumentException(
                    "segments have shape "
                            + segments
                            + ": expected "
                            + tokens
                            + " or "
                            + shared
                            + ", one number for each token");
        }
    }
}

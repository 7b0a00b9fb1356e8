package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.WeightFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one pass: lists {@code w} and {@code p} of pieces of a {@link WeightStore}. A list
 * that calls are in is never changed; where a parameter was given another array, later calls get
 * another list.
 */
final class PassWeights implements ScriptTensors, AutoCloseable {

    private final WeightStore store;
    private final KernelChoice.Mix mix;
    private final List<WeightStore.Piece> pieces = new ArrayList<>();
    private final Map<WeightStore.Piece, Integer> starts = new HashMap<>();
    private int tensors;
    private int packed;
    private @Nullable Lists lists;

    /**
     * Those of a pass.
     *
     * @param mix how weights that no pass before had will be used
     */
    PassWeights(WeightStore store, KernelChoice.Mix mix) {
        this.store = store;
        this.mix = mix;
    }

    /** The native lists, and how many calls they are in: they are freed behind the last of them. */
    private static final class Lists {
        private final IValue tensors;
        private final IValue packed;
        private final long arrays;
        private int calls;
        private boolean retired;

        Lists(IValue tensors, IValue packed, long arrays) {
            this.tensors = tensors;
            this.packed = packed;
            this.arrays = arrays;
        }
    }

    /** The lists for one call. */
    final class Lease implements AutoCloseable {
        private final Lists leased;

        private Lease(Lists leased) {
            this.leased = leased;
        }

        IValue tensors() {
            return leased.tensors;
        }

        IValue packed() {
            return leased.packed;
        }

        @Override
        public void close() {
            synchronized (PassWeights.this) {
                leased.calls--;
                free(leased);
            }
        }
    }

    /**
     * The lists; made anew where parameters were given other arrays since.
     *
     * @throws WeightStore.OtherWeights if they are of another type or shape, for which nothing was
     *     printed
     */
    synchronized Lease lease() {
        // Each only grows: their sum is another if one of them is.
        long arrays = 0;
        for (WeightStore.Piece piece : pieces) {
            // Packed ones stay what they are; the store may be busy packing others.
            arrays += piece.isLive() ? store.refresh(piece) : 1;
        }
        Lists now = lists;
        if (now == null || now.arrays != arrays) {
            if (now != null) {
                retire(now);
            }
            now = new Lists(store.tensors(pieces), store.packed(pieces), arrays);
        }
        lists = now;
        now.calls++;
        return new Lease(now);
    }

    private static void retire(Lists old) {
        old.retired = true;
        free(old);
    }

    private static void free(Lists used) {
        if (used.retired && used.calls == 0) {
            used.tensors.close();
            used.packed.close();
        }
    }

    private int start(WeightStore.Piece piece) {
        Integer known = starts.get(piece);
        if (known != null) {
            return known;
        }
        int start = piece.isTensors() ? tensors : packed;
        starts.put(piece, start);
        pieces.add(piece);
        store.use(piece);
        if (piece.isTensors()) {
            tensors += piece.parts();
        } else {
            packed++;
        }
        return start;
    }

    private String tensor(WeightStore.Piece piece) {
        return "w[" + start(piece) + "]";
    }

    @Override
    public String parameter(Parameter parameter) {
        return tensor(store.tensor(parameter));
    }

    @Override
    public String joined(List<Parameter> vectors) {
        return tensor(store.joined(vectors));
    }

    @Override
    public String numbers(ScriptWriter.Numbers numbers) {
        return tensor(store.numbers(numbers));
    }

    @Override
    public @Nullable WeightFormat linearFormat(Parameter weight) {
        return store.plan().linearFormat(weight);
    }

    void choose(List<Parameter> weights, WeightFormat format) {
        store.choose(weights, format, mix);
    }

    @Override
    public Linear linear(List<Parameter> weights, WeightFormat format) {
        WeightStore.Stored stored = store.linear(weights, format, mix);
        String list = stored.piece().isTensors() ? "w" : "p";
        int start = start(stored.piece());
        List<String> parts =
                IntStream.range(0, stored.choice().holder().parts().size())
                        .mapToObj(part -> list + "[" + (start + part) + "]")
                        .toList();
        return new Linear(stored.choice(), parts);
    }

    @Override
    public boolean isOfThisProcessor() {
        return store.plan().kernels().isOfThisProcessor();
    }

    @Override
    public synchronized void close() {
        if (lists != null) {
            retire(lists);
            lists = null;
        }
        store.release(pieces);
        pieces.clear();
    }
}

package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqDecoder;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Passes of the decoder of an {@link EncoderDecoder}. The encoder reads the sources once, padded on
 * the right, before the first of them.
 */
final class Seq2SeqPasses extends ModelPasses {

    private final EncoderDecoder model;
    private final KeyValueCache memoryCache;

    /** Memory, and for a padded batch its mask. */
    private final NDList memory = new NDList();

    /** For each row the source it looks at. */
    private int[] sources;

    private Seq2SeqPasses(
            EncoderDecoder model, NDManager manager, @Nullable AdapterChoice adapter, int rows) {
        super(manager, KeyValueCache.growing(manager, model.getDecoder().getLayers()), adapter);
        this.model = model;
        sources = IntStream.range(0, rows).toArray();
        memoryCache = KeyValueCache.memory(manager, model.getDecoder().getLayers());
    }

    static Seq2SeqPasses start(
            EncoderDecoder model,
            NDManager parent,
            @Nullable AdapterChoice adapter,
            long padToken,
            long[]... sources) {
        Seq2SeqPasses passes =
                new Seq2SeqPasses(model, newManager(parent), adapter, sources.length);
        try {
            passes.encode(padToken, sources);
            return passes;
        } catch (RuntimeException | Error e) {
            passes.close();
            throw e;
        }
    }

    private void encode(long padToken, long[]... rows) {
        int longest = Arrays.stream(rows).mapToInt(row -> row.length).max().orElse(0);
        long[][] ids = new long[rows.length][longest];
        long[][] mask = new long[rows.length][longest];
        boolean ragged = false;
        for (int row = 0; row < rows.length; row++) {
            int length = rows[row].length;
            Arrays.fill(ids[row], padToken);
            System.arraycopy(rows[row], 0, ids[row], 0, length);
            Arrays.fill(mask[row], 0, length, 1);
            ragged |= length < longest;
        }
        try (NDManager owner = manager().newSubManager()) {
            NDList inputs = new NDList(owner.create(ids));
            if (ragged) {
                inputs.add(owner.create(mask));
            }
            PairList<String, Object> params = new PairList<>();
            addAdapter(params);
            NDArray encoded = model.getEncoder().forward(store(), inputs, false, params).get(0);
            encoded.attach(manager());
            memory.add(encoded);
        }
        if (ragged) {
            memory.add(manager().create(mask));
        }
    }

    @Override
    NDArray forward(NDManager owner, long[][] tokens, PairList<String, Object> params) {
        params.add(Seq2SeqDecoder.MEMORY_CACHE, memoryCache);
        NDList inputs = new NDList(owner.create(tokens));
        inputs.addAll(memory);
        return model.getDecoder().forward(store(), inputs, false, params).get(0);
    }

    @Override
    int contextLength() {
        return model.getDecoder().getContextLength();
    }

    @Override
    void reorder(int... rows) {
        super.reorder(rows);
        int[] chosen = Arrays.stream(rows).map(row -> sources[row]).toArray();
        // Beams of one prompt look at one memory, which need not move.
        if (Arrays.equals(chosen, sources)) {
            return;
        }
        memoryCache.reorder(rows);
        NDList selected = new NDList();
        for (NDArray array : memory) {
            NDArray moved = Kernels.of(array).selectRows(array, rows);
            moved.attach(manager());
            selected.add(moved);
        }
        memory.close();
        memory.clear();
        memory.addAll(selected);
        sources = chosen;
    }
}

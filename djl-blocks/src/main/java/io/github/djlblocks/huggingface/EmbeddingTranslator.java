package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.model.Encoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One vector of a text, as {@code sentence_transformers.SentenceTransformer.encode}. */
final class EmbeddingTranslator extends TextTaskTranslator<String, float[]> {

    private final SentenceConfig config;
    private final SequencePooling pooling;

    EmbeddingTranslator(ModelDescription model, SentenceConfig config, Map<String, ?> arguments) {
        super(model, arguments, true);
        this.config = config;
        pooling = SequencePooling.of(config.pooling().toArray(Pooling[]::new));
    }

    @Override
    boolean takes(Block block) {
        return block instanceof Encoder;
    }

    @Override
    int longest() {
        int context = super.longest();
        return config.maxLength() == 0 ? context : Math.min(context, config.maxLength());
    }

    private String small(String text) {
        return config.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
    }

    @Override
    Encoding encode(TextEncoder texts, String input) {
        return texts.encode(small(config.prompt() + input));
    }

    @Override
    List<float[]> results(Batch<String> batch, NDList outputs) {
        NDArray hidden = outputs.get(0);
        NDArray mask = batch.arrays().get(1);
        if (!config.countsPrompt() && !config.prompt().isEmpty()) {
            mask = withoutPrompt(mask);
        }
        ParameterStore store = new ParameterStore(hidden.getManager(), false);
        NDArray pooled = pooling.forward(store, new NDList(hidden, mask), false).get(0);
        List<float[]> results = new ArrayList<>();
        for (float[] row : rows(pooled)) {
            double[] vector = Scores.same(row);
            for (SentenceStep step : config.steps()) {
                vector = step.apply(vector);
            }
            results.add(floats(vector));
        }
        return results;
    }

    private static float[] floats(double... vector) {
        float[] floats = new float[vector.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) vector[i];
        }
        return floats;
    }

    /** Hides the tokens of the prompt, and the special ones in front of it. */
    private NDArray withoutPrompt(NDArray mask) {
        Encoding prompt = texts().encode(small(config.prompt()));
        long[] special = prompt.getSpecialTokenMask();
        int length = special.length;
        // The token that ends a text ends no prompt.
        length -= special[length - 1] == 1 ? 1 : 0;
        int width = Math.toIntExact(mask.getShape().get(1));
        long[] kept = mask.toLongArray();
        for (int i = 0; i < kept.length; i++) {
            kept[i] = i % width < length ? 0 : kept[i];
        }
        return mask.getManager().create(kept, mask.getShape());
    }
}

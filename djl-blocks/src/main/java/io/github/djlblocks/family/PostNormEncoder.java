package io.github.djlblocks.family;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.model.Encoder;
import java.util.ArrayList;
import java.util.List;

/** An encoder of the layers of BERT, norms behind the sums (arXiv 1810.04805). */
abstract class PostNormEncoder extends EncoderLike {

    private final PostNormConfig config;
    private final int layers;

    /**
     * Creates what reads a configuration.
     *
     * @param family what the names of its classes start with
     * @param layers how many run, one after the other
     * @param further heads besides those all families have
     */
    PostNormEncoder(
            ConfigReader json,
            String family,
            PostNormConfig config,
            int layers,
            String... further) {
        super(json, family, further);
        this.config = config;
        this.layers = layers;
    }

    final PostNormConfig config() {
        return config;
    }

    @Override
    final int vocabularySize() {
        return config.vocabularySize();
    }

    @Override
    final int hiddenSize() {
        return config.hiddenSize();
    }

    @Override
    final int embeddingSize() {
        return config.embeddingSize();
    }

    @Override
    final int layers() {
        return layers;
    }

    @Override
    int contextLength() {
        return config.positions();
    }

    final List<EncoderLayer> newLayers(int count) {
        List<EncoderLayer> stack = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            stack.add(config.layer());
        }
        return stack;
    }

    @Override
    Encoder encoder() {
        return builder().build();
    }

    Encoder.Builder builder() {
        return Encoder.builder()
                .setEmbeddings(config.embeddings(false))
                .setLayers(newLayers(layers));
    }

    /** The activation of the head of tokens. */
    ActivationFunction headActivation() {
        return config.activation();
    }

    @Override
    final void transform(LanguageModelHead.Builder builder) {
        int c = embeddingSize();
        builder.optTransform(Linear.withBias(hiddenSize(), c), headActivation(), config.norm(c));
    }
}

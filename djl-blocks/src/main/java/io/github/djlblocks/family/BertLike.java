package io.github.djlblocks.family;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.model.Encoder;
import java.util.ArrayList;
import java.util.List;

/** An encoder whose configuration has the fields of BERT's, and its tensors the names of BERT's. */
abstract class BertLike extends EncoderLike {

    private final PostNormConfig config;
    private final int layers;

    BertLike(ConfigReader json, String family, int vocabularySize, String... further) {
        super(json, family, further);
        int hidden = json.integer("hidden_size", 768);
        config =
                new PostNormConfig(
                        json.integer("vocab_size", vocabularySize),
                        hidden,
                        hidden,
                        json.integer("intermediate_size", 3072),
                        json.integer("num_attention_heads", 12),
                        json.integer("max_position_embeddings", 512),
                        json.integer("type_vocab_size", 2),
                        json.number("layer_norm_eps", 1e-12),
                        activation("hidden_act", "gelu"));
        layers = json.integer("num_hidden_layers", 12);
    }

    final PostNormConfig config() {
        return config;
    }

    @Override
    int vocabularySize() {
        return config.vocabularySize();
    }

    @Override
    int hiddenSize() {
        return config.hiddenSize();
    }

    @Override
    int layers() {
        return layers;
    }

    @Override
    int contextLength() {
        return config.positions();
    }

    @Override
    Encoder encoder() {
        return builder().build();
    }

    Encoder.Builder builder() {
        List<EncoderLayer> stack = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            stack.add(config.layer());
        }
        return Encoder.builder().setEmbeddings(config.embeddings(false)).setLayers(stack);
    }

    /** The activation of the head of tokens. */
    abstract ActivationFunction headActivation();

    @Override
    void transform(LanguageModelHead.Builder builder) {
        int e = hiddenSize();
        builder.optTransform(Linear.withBias(e, e), headActivation(), config.norm(e));
    }

    @Override
    Pooler pooler() {
        return firstToken(hiddenSize(), ActivationFunction.TANH);
    }

    @Override
    Pooler classifierPooler() {
        return pooler();
    }

    @Override
    void nameEncoder(TensorNames.Builder names, String tensors, String path) {
        PostNormConfig.nameEmbeddings(names, tensors, path);
        PostNormConfig.nameLayer(names, tensors + "encoder.layer.{i}.", path + "layers.{i}.");
    }

    @Override
    void namePooler(TensorNames.Builder names, String tensors, String path) {
        names.add(tensors + "pooler.dense.{p}", path + "dense.{p}");
    }
}

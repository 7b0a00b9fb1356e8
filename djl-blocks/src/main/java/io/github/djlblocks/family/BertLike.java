package io.github.djlblocks.family;

import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;

/** An encoder whose configuration has the fields of BERT's, and its tensors the names of BERT's. */
abstract class BertLike extends PostNormEncoder {

    BertLike(ConfigReader json, String family, int vocabularySize, String... further) {
        super(
                json,
                family,
                config(json, vocabularySize),
                json.integer("num_hidden_layers", 12),
                further);
    }

    private static PostNormConfig config(ConfigReader json, int vocabularySize) {
        int hidden = json.integer("hidden_size", 768);
        return new PostNormConfig(
                json.integer("vocab_size", vocabularySize),
                hidden,
                hidden,
                json.integer("intermediate_size", 3072),
                json.integer("num_attention_heads", 12),
                json.integer("max_position_embeddings", 512),
                json.integer("type_vocab_size", 2),
                json.number("layer_norm_eps", 1e-12),
                activation(json, "hidden_act", "gelu"));
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

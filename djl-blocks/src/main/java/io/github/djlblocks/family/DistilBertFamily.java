package io.github.djlblocks.family;

import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import java.util.List;

/**
 * {@code model_type: distilbert}: BERT without token types and pooler (arXiv 1910.01108). Positions
 * that are sines and cosines stand in its checkpoints as a table, too.
 */
final class DistilBertFamily extends PostNormEncoder {

    static final String MODEL_TYPE = "distilbert";

    private DistilBertFamily(ConfigReader json) {
        super(json, "DistilBert", config(json), json.integer("n_layers", 6));
    }

    private static PostNormConfig config(ConfigReader json) {
        int hidden = json.integer("dim", 768);
        return new PostNormConfig(
                json.integer("vocab_size", 30522),
                hidden,
                hidden,
                json.integer("hidden_dim", 3072),
                json.integer("n_heads", 12),
                json.integer("max_position_embeddings", 512),
                0,
                1e-12,
                activation(json, "activation", "gelu"));
    }

    static ModelDescription describe(ConfigReader json) {
        return new DistilBertFamily(json).describe();
    }

    @Override
    Pooler classifierPooler() {
        return firstToken(hiddenSize(), ActivationFunction.RELU);
    }

    @Override
    String prefix() {
        return "distilbert.";
    }

    @Override
    void nameEncoder(TensorNames.Builder names, String tensors, String path) {
        PostNormConfig.nameEmbeddings(names, tensors, path);
        String layer = tensors + "transformer.layer.{i}.";
        String attention = path + "layers.{i}.attention.";
        String feedForward = path + "layers.{i}.feedForward.";
        names.add(layer + "attention.q_lin.{p}", attention + "sublayer.query.{p}")
                .add(layer + "attention.k_lin.{p}", attention + "sublayer.key.{p}")
                .add(layer + "attention.v_lin.{p}", attention + "sublayer.value.{p}")
                .add(layer + "attention.out_lin.{p}", attention + "sublayer.output.{p}")
                .add(layer + "ffn.lin1.{p}", feedForward + "sublayer.up.{p}")
                .add(layer + "ffn.lin2.{p}", feedForward + "sublayer.down.{p}");
        nameNorm(names, layer + "sa_layer_norm", attention + "norm");
        nameNorm(names, layer + "output_layer_norm", feedForward + "norm");
    }

    @Override
    void nameClassifierPooler(TensorNames.Builder names, String tensors, String path) {
        names.add("pre_classifier.{p}", path + "dense.{p}");
    }

    @Override
    void nameHead(TensorNames.Builder names, String path) {
        names.add("vocab_transform.{p}", path + "dense.{p}")
                .add("vocab_projector.bias", path + "bias")
                .add("vocab_projector.weight", path + "output.weight");
        nameNorm(names, "vocab_layer_norm", path + "norm");
    }

    @Override
    List<String> headTensors() {
        return List.of(
                "vocab_transform.{p}",
                "vocab_layer_norm.{p}",
                "vocab_projector.{p}",
                "pre_classifier.{p}",
                "classifier.{p}",
                "qa_outputs.{p}");
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.model.Encoder;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code model_type: albert}: BERT with embeddings of fewer channels, and with layers that run
 * again and again (arXiv 1909.11942).
 */
final class AlbertFamily extends PostNormEncoder {

    static final String MODEL_TYPE = "albert";

    private final int groups;
    private final int inner;

    private AlbertFamily(ConfigReader json) {
        super(json, "Albert", config(json), json.integer("num_hidden_layers", 12), PRETRAINING);
        groups = json.integer("num_hidden_groups", 1);
        inner = json.integer("inner_group_num", 1);
        if (groups > layers()) {
            throw new IllegalArgumentException(
                    "num_hidden_groups ("
                            + groups
                            + ") must be at most num_hidden_layers ("
                            + layers()
                            + "): every group runs once at least");
        }
    }

    private static PostNormConfig config(ConfigReader json) {
        return new PostNormConfig(
                json.integer("vocab_size", 30000),
                json.integer("embedding_size", 128),
                json.integer("hidden_size", 4096),
                json.integer("intermediate_size", 16384),
                json.integer("num_attention_heads", 64),
                json.integer("max_position_embeddings", 512),
                json.integer("type_vocab_size", 2),
                json.number("layer_norm_eps", 1e-12),
                activation(json, "hidden_act", "gelu_new"));
    }

    static ModelDescription describe(ConfigReader json) {
        return new AlbertFamily(json).describe();
    }

    @Override
    Encoder encoder() {
        List<EncoderLayer> distinct = newLayers(groups * inner);
        List<EncoderLayer> stack = new ArrayList<>();
        for (int run = 0; run < layers(); run++) {
            int group = (int) (run / ((double) layers() / groups));
            stack.addAll(distinct.subList(group * inner, (group + 1) * inner));
        }
        return Encoder.builder()
                .setEmbeddings(config().embeddings(true))
                .setLayers(stack)
                .optLayersPerState(inner)
                .build();
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
    String prefix() {
        return "albert.";
    }

    @Override
    String relation() {
        return "sop_classifier.classifier.{p}";
    }

    @Override
    void nameEncoder(TensorNames.Builder names, String tensors, String path) {
        PostNormConfig.nameEmbeddings(names, tensors, path);
        names.add(
                tensors + "encoder.embedding_hidden_mapping_in.{p}",
                path + "embeddings.projection.{p}");
        for (int i = 0; i < groups * inner; i++) {
            String layer =
                    tensors
                            + "encoder.albert_layer_groups."
                            + i / inner
                            + ".albert_layers."
                            + i % inner
                            + ".";
            String attention = path + "layers." + i + ".attention.";
            String feedForward = path + "layers." + i + ".feedForward.";
            nameNorm(names, layer + "attention.LayerNorm", attention + "norm");
            nameNorm(names, layer + "full_layer_layer_norm", feedForward + "norm");
            names.add(layer + "attention.dense.{p}", attention + "sublayer.output.{p}")
                    .add(layer + "attention.{a}.{p}", attention + "sublayer.{a}.{p}")
                    .add(layer + "ffn.{p}", feedForward + "sublayer.up.{p}")
                    .add(layer + "ffn_output.{p}", feedForward + "sublayer.down.{p}");
        }
    }

    @Override
    void namePooler(TensorNames.Builder names, String tensors, String path) {
        names.add(tensors + "pooler.{p}", path + "dense.{p}");
    }

    @Override
    void nameClassifierPooler(TensorNames.Builder names, String tensors, String path) {
        namePooler(names, tensors, path);
    }

    @Override
    void nameHead(TensorNames.Builder names, String path) {
        String head = "predictions.";
        names.add(head + "dense.{p}", path + "dense.{p}");
        nameNorm(names, head + "LayerNorm", path + "norm");
        nameHeadBias(names, head + "bias", head + "decoder.bias", head + "decoder.weight", path);
    }

    @Override
    List<String> headTensors() {
        return List.of(
                "predictions.bias",
                "predictions.{a}.{p}",
                "sop_classifier.classifier.{p}",
                "classifier.{p}",
                "qa_outputs.{p}");
    }
}

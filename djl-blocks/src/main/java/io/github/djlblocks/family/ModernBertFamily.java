package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.PredictionTransform;
import io.github.djlblocks.head.QuestionAnsweringHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.head.TokenClassificationHead;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * {@code model_type: modernbert}: pre-norm, rotary, gated; most layers see a window (arXiv
 * 2412.13663).
 */
final class ModernBertFamily extends EncoderLike {

    static final String MODEL_TYPE = "modernbert";

    private final int vocabularySize;
    private final int hiddenSize;
    private final int feedForwardSize;
    private final int heads;
    private final int contextLength;
    private final double epsilon;
    private final boolean normBias;
    private final boolean attentionBias;
    private final boolean feedForwardBias;
    private final boolean classifierBias;
    private final boolean headBias;
    private final ActivationFunction activation;
    private final ActivationFunction classifierActivation;
    private final Pooling pooling;
    private final ModernBertLayers layers;

    private ModernBertFamily(ConfigReader json) {
        super(json, "ModernBert");
        vocabularySize = json.integer("vocab_size", 50368);
        hiddenSize = json.integer("hidden_size", 768);
        feedForwardSize = json.integer("intermediate_size", 1152);
        heads = json.integer("num_attention_heads", 12);
        contextLength = json.integer("max_position_embeddings", 8192);
        epsilon = json.number("norm_eps", 1e-5);
        normBias = json.flag("norm_bias", false);
        attentionBias = json.flag("attention_bias", false);
        feedForwardBias = json.flag("mlp_bias", false);
        classifierBias = json.flag("classifier_bias", false);
        headBias = json.flag("decoder_bias", true);
        activation = activation(json, "hidden_activation", "gelu");
        classifierActivation = activation(json, "classifier_activation", "gelu");
        pooling = pooling(json);
        if (hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "hidden_size ("
                            + hiddenSize
                            + ") is not divisible by num_attention_heads ("
                            + heads
                            + "): every head has as many channels");
        }
        layers = ModernBertLayers.of(json, hiddenSize / heads, contextLength);
    }

    private static Pooling pooling(ConfigReader json) {
        String name = json.text("classifier_pooling", "cls");
        return switch (name) {
            case "cls" -> Pooling.FIRST;
            case "mean" -> Pooling.MEAN;
            default -> throw json.unknown("classifier_pooling", name, Set.of("cls", "mean"));
        };
    }

    static ModelDescription describe(ConfigReader json) {
        return new ModernBertFamily(json).describe();
    }

    @Override
    int vocabularySize() {
        return vocabularySize;
    }

    @Override
    int hiddenSize() {
        return hiddenSize;
    }

    @Override
    int layers() {
        return layers.count();
    }

    @Override
    int contextLength() {
        return contextLength;
    }

    @Override
    Encoder encoder() {
        RotaryEmbedding global = RotaryEmbedding.of(hiddenSize / heads, layers.global());
        RotaryEmbedding local = RotaryEmbedding.of(hiddenSize / heads, layers.local());
        List<EncoderLayer> stack = new ArrayList<>();
        for (int i = 0; i < layers.count(); i++) {
            stack.add(layer(i, layers.isLocal(i) ? local : global));
        }
        return Encoder.builder()
                .setEmbeddings(
                        EncoderEmbeddings.builder()
                                .setTokens(TokenEmbedding.of(vocabularySize, hiddenSize))
                                .optNorm(norm())
                                .build())
                .setLayers(stack)
                .optNorm(norm())
                .optNormedState(false)
                .optRotary(global, local)
                .build();
    }

    private EncoderLayer layer(int index, RotaryEmbedding rotary) {
        MultiHeadAttentionBuilder builder =
                MultiHeadAttention.builder()
                        .setFusedProjection(
                                linear(hiddenSize, 3 * hiddenSize, attentionBias),
                                FusedHeadLayout.QUERY_KEY_VALUE,
                                linear(hiddenSize, hiddenSize, attentionBias))
                        .setQueryHeads(heads)
                        .optRotary(rotary);
        if (layers.isLocal(index)) {
            builder.optWindow(layers.reach(), layers.reach());
        }
        MultiHeadAttention attention = builder.build();
        // What enters the first layer has left the norm of the embeddings.
        Residual attend =
                index == 0
                        ? Residual.builder().setSublayer(attention).build()
                        : Residual.pre(norm(), attention);
        return EncoderLayer.of(attend, Residual.pre(norm(), feedForward()));
    }

    private Block feedForward() {
        return GatedFeedForward.builder()
                .setFusedProjection(
                        linear(hiddenSize, 2 * feedForwardSize, feedForwardBias),
                        GateOrder.GATE_FIRST)
                .setDown(linear(feedForwardSize, hiddenSize, feedForwardBias))
                .optActivation(activation)
                .build();
    }

    private LayerNorm norm() {
        return LayerNorm.builder()
                .setChannels(hiddenSize)
                .optEpsilon(epsilon)
                .optBias(normBias)
                .build();
    }

    private static Linear linear(int in, int out, boolean bias) {
        return bias ? Linear.withBias(in, out) : Linear.withoutBias(in, out);
    }

    private Linear dense() {
        return linear(hiddenSize, hiddenSize, classifierBias);
    }

    @Override
    void transform(LanguageModelHead.Builder builder) {
        builder.optTransform(dense(), classifierActivation, norm());
    }

    @Override
    boolean headBias() {
        return headBias;
    }

    @Override
    Pooler classifierPooler() {
        return Pooler.withNorm(SequencePooling.of(pooling), dense(), classifierActivation, norm());
    }

    @Override
    Block tokenHead(Linear classifier) {
        return TokenClassificationHead.withTransform(perToken(), classifier);
    }

    @Override
    Block answerHead(Linear outputs) {
        return QuestionAnsweringHead.withTransform(perToken(), outputs);
    }

    private PredictionTransform perToken() {
        return PredictionTransform.of(dense(), classifierActivation, norm());
    }

    @Override
    String prefix() {
        return "model.";
    }

    @Override
    String answers() {
        return "classifier.{p}";
    }

    @Override
    void nameEncoder(TensorNames.Builder names, String tensors, String path) {
        String layer = tensors + "layers.{i}.";
        String attention = path + "layers.{i}.attention.";
        String feedForward = path + "layers.{i}.feedForward.";
        names.add(tensors + "embeddings.tok_embeddings.weight", path + "embeddings.tokens.weight")
                .add(tensors + "embeddings.norm.{p}", path + "embeddings.norm.{p}")
                .add(layer + "attn_norm.{p}", attention + "norm.{p}")
                .add(layer + "attn.Wqkv.{p}", attention + "sublayer.queryKeyValue.{p}")
                .add(layer + "attn.Wo.{p}", attention + "sublayer.output.{p}")
                .add(layer + "mlp_norm.{p}", feedForward + "norm.{p}")
                .add(layer + "mlp.Wi.{p}", feedForward + "sublayer.gateUp.{p}")
                .add(layer + "mlp.Wo.{p}", feedForward + "sublayer.down.{p}")
                .add(tensors + "final_norm.{p}", path + "norm.{p}");
    }

    @Override
    void nameClassifierPooler(TensorNames.Builder names, String tensors, String path) {
        names.add("head.dense.{p}", path + "dense.{p}").add("head.norm.{p}", path + "norm.{p}");
    }

    @Override
    void nameTransform(TensorNames.Builder names, String path) {
        names.add("head.dense.{p}", path + "dense.{p}").add("head.norm.{p}", path + "norm.{p}");
    }

    @Override
    void nameHead(TensorNames.Builder names, String path) {
        nameTransform(names, path);
        names.add("decoder.bias", path + "bias").add("decoder.weight", path + "output.weight");
    }

    @Override
    List<String> headTensors() {
        return List.of("head.{a}.{p}", "decoder.{p}", "classifier.{p}");
    }
}

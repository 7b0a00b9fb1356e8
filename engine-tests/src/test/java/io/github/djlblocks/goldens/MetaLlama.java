package io.github.djlblocks.goldens;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryFrequencies;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;

/** Meta's own Llama: its {@code params.json}, its names, its pairs of neighbouring channels. */
final class MetaLlama {

    static final String FOLDER = "meta/llama2_gqa";

    private MetaLlama() {}

    static DecoderConfig config(Shape feedForward) throws IOException {
        String text = Files.readString(Golden.path(FOLDER + "/params.json"));
        JsonObject params = JsonUtils.GSON.fromJson(text, JsonObject.class);
        int heads = params.get("n_heads").getAsInt();
        int headDim = params.get("dim").getAsInt() / heads;
        return DecoderConfig.builder()
                .setVocabularySize(params.get("vocab_size").getAsInt())
                .setHiddenSize(params.get("dim").getAsInt())
                .setFeedForwardSize((int) feedForward.get(0))
                .setLayers(params.get("n_layers").getAsInt())
                .setQueryHeads(heads)
                .setContextLength(params.get("max_seq_len").getAsInt())
                .optKeyValueHeads(params.get("n_kv_heads").getAsInt())
                .optNormEpsilon(params.get("norm_eps").getAsDouble())
                .optRotary(
                        new RotarySpec(
                                RotaryFrequencies.standard(10000, headDim),
                                RotaryLayout.INTERLEAVED,
                                1))
                .build();
    }

    static WeightMap weightMap() {
        WeightMap.Builder map =
                WeightMap.builder()
                        .rename("tok_embeddings.weight", "embedding.weight")
                        .rename("norm.weight", "norm.weight")
                        .rename("output.weight", "head.weight");
        layerNames()
                .forEach((name, path) -> map.rename("layers.{i}." + name, "layers.{i}." + path));
        return map.build();
    }

    /** The names of layer 0, for a layer alone. */
    static WeightMap layerWeightMap() {
        WeightMap.Builder map =
                WeightMap.builder()
                        .ignore("{name}.weight")
                        .ignore("layers.1.{name}.weight")
                        .ignore("layers.1.{part}.{name}.weight");
        layerNames().forEach((name, path) -> map.rename("layers.0." + name, path));
        return map.build();
    }

    private static Map<String, String> layerNames() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("attention_norm.weight", "attention.norm.weight");
        names.put("attention.wq.weight", "attention.sublayer.query.weight");
        names.put("attention.wk.weight", "attention.sublayer.key.weight");
        names.put("attention.wv.weight", "attention.sublayer.value.weight");
        names.put("attention.wo.weight", "attention.sublayer.output.weight");
        names.put("ffn_norm.weight", "feedForward.norm.weight");
        names.put("feed_forward.w1.weight", "feedForward.sublayer.gate.weight");
        names.put("feed_forward.w2.weight", "feedForward.sublayer.down.weight");
        names.put("feed_forward.w3.weight", "feedForward.sublayer.up.weight");
        return names;
    }

    /** The parts of a layer, to be looked at one by one. */
    record Parts(
            RmsNorm attentionNorm,
            MultiHeadAttention attention,
            RmsNorm feedForwardNorm,
            GatedFeedForward feedForward) {

        static Parts of(DecoderConfig config, boolean causal) {
            int e = config.hiddenSize();
            int q = config.queryHeads() * config.headDim();
            int kv = config.keyValueHeads() * config.headDim();
            MultiHeadAttention attention =
                    MultiHeadAttention.builder()
                            .setProjections(
                                    Linear.withoutBias(e, q),
                                    Linear.withoutBias(e, kv),
                                    Linear.withoutBias(e, kv),
                                    Linear.withoutBias(q, e))
                            .setQueryHeads(config.queryHeads())
                            .optKeyValueHeads(config.keyValueHeads())
                            .optCausal(causal)
                            .optRotary(Decoders.rotary(config))
                            .build();
            return new Parts(norm(config), attention, norm(config), Decoders.feedForward(config));
        }

        DecoderLayer layer() {
            return DecoderLayer.of(
                    Residual.pre(attentionNorm, attention),
                    Residual.pre(feedForwardNorm, feedForward));
        }

        private static RmsNorm norm(DecoderConfig config) {
            return RmsNorm.builder()
                    .setChannels(config.hiddenSize())
                    .optEpsilon(config.normEpsilon())
                    .build();
        }
    }
}

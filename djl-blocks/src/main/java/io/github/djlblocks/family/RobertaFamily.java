package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.model.Encoder;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code model_type: roberta} and its likes: BERT whose positions are counted over the tokens that
 * are no padding (arXiv 1907.11692, 1911.02116, 1911.03894).
 */
final class RobertaFamily extends BertLike {

    /** The families by their {@code model_type}. */
    static final Map<String, Family> ALL =
            Map.of(
                    "roberta", json -> new RobertaFamily(json, "Roberta", 50265).describe(),
                    "xlm-roberta", json -> new RobertaFamily(json, "XLMRoberta", 30522).describe(),
                    "camembert", json -> new RobertaFamily(json, "Camembert", 30522).describe());

    private final long paddingId;

    private RobertaFamily(ConfigReader json, String family, int vocabularySize) {
        super(json, family, vocabularySize);
        Set<Long> padding = json.tokens("pad_token_id", Set.of(1L));
        if (padding.size() != 1) {
            throw new IllegalArgumentException(
                    "pad_token_id ("
                            + padding
                            + ") must be one id: the positions of "
                            + family
                            + " start after it");
        }
        paddingId = padding.iterator().next();
        if (contextLength() < 1) {
            throw new IllegalArgumentException(
                    "max_position_embeddings ("
                            + config().positions()
                            + ") must be above pad_token_id + 1 ("
                            + (paddingId + 1)
                            + "), the first position");
        }
    }

    @Override
    int contextLength() {
        return (int) (config().positions() - paddingId - 1);
    }

    @Override
    Encoder encoder() {
        return builder().optPaddingId(paddingId).build();
    }

    @Override
    ActivationFunction headActivation() {
        return ActivationFunction.GELU;
    }

    @Override
    String prefix() {
        return "roberta.";
    }

    @Override
    void nameClassifierPooler(TensorNames.Builder names, String tensors, String path) {
        names.ignore(tensors + "pooler.dense.{p}").add("classifier.dense.{p}", path + "dense.{p}");
    }

    @Override
    String classifier() {
        return "classifier.out_proj.{p}";
    }

    @Override
    void nameHead(TensorNames.Builder names, String path) {
        names.add("lm_head.dense.{p}", path + "dense.{p}");
        nameNorm(names, "lm_head.layer_norm", path + "norm");
        nameHeadBias(names, "lm_head.bias", "lm_head.decoder.bias", "lm_head.decoder.weight", path);
    }

    @Override
    List<String> headTensors() {
        return List.of(
                "lm_head.bias",
                "lm_head.{a}.{p}",
                "classifier.{p}",
                "classifier.{a}.{p}",
                "qa_outputs.{p}");
    }
}

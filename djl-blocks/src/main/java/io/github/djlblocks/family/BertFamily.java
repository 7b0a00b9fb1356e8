package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.util.List;

/** {@code model_type: bert} (arXiv 1810.04805). */
final class BertFamily extends BertLike {

    static final String MODEL_TYPE = "bert";

    private BertFamily(ConfigReader json) {
        super(json, "Bert", 30522, PRETRAINING, NEXT_SENTENCE);
    }

    static ModelDescription describe(ConfigReader json) {
        return new BertFamily(json).describe();
    }

    @Override
    String prefix() {
        return "bert.";
    }

    @Override
    void nameClassifierPooler(TensorNames.Builder names, String tensors, String path) {
        namePooler(names, tensors, path);
    }

    @Override
    void nameHead(TensorNames.Builder names, String path) {
        String head = "cls.predictions.";
        names.add(head + "transform.dense.{p}", path + "dense.{p}");
        nameNorm(names, head + "transform.LayerNorm", path + "norm");
        nameHeadBias(names, head + "bias", head + "decoder.bias", head + "decoder.weight", path);
    }

    @Override
    List<String> headTensors() {
        return List.of(
                "cls.predictions.bias",
                "cls.predictions.transform.{a}.{p}",
                "cls.predictions.decoder.{p}",
                "cls.seq_relationship.{p}",
                "classifier.{p}",
                "qa_outputs.{p}");
    }
}

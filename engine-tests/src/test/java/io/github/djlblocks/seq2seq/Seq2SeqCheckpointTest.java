package io.github.djlblocks.seq2seq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.io.TempDir;

/** The names under which files of one model hold its tensors. */
class Seq2SeqCheckpointTest {

    @TempDir Path directory;

    /** Copies a checkpoint, each tensor under any number of names. */
    private Path renamed(String folder, String config, Function<String, List<String>> names)
            throws Exception {
        Path copy = directory.resolve(folder);
        RandomSeq2Seq.describe(copy, config);
        SafetensorsWriter writer = new SafetensorsWriter();
        try (TensorSource source = Checkpoints.open(directory)) {
            for (String tensor : source.names()) {
                for (String name : names.apply(tensor)) {
                    writer.add(
                            name,
                            source.readDoubles(tensor),
                            source.info(tensor).shape(),
                            StoredType.F32);
                }
            }
        }
        writer.write(copy.resolve("model.safetensors"));
        return copy;
    }

    private static float[] output(Path from, NDManager manager) throws Exception {
        Block block = HuggingFaceModels.loadBlock(from, manager, LoadOptions.defaults());
        NDArray ids = manager.create(new long[][] {{3, 0, 95, 41, 7}});
        NDList inputs = block instanceof EncoderDecoder ? new NDList(ids, ids) : new NDList(ids);
        return block.forward(new ParameterStore(manager, false), inputs, false)
                .get(0)
                .toFloatArray();
    }

    @EachEngine(leavesNothingOpen = true)
    void load_tableUnderOtherNames_isTheSameModel(NDManager manager) throws Exception {
        RandomSeq2Seq.write(directory, RandomSeq2Seq.BART, StoredType.F32);
        float[] expected = output(directory, manager);
        for (List<String> names :
                List.of(
                        List.of("lm_head.weight"),
                        List.of("model.encoder.embed_tokens.weight", "lm_head.weight"),
                        List.of("model.decoder.embed_tokens.weight"),
                        List.of(
                                "model.shared.weight",
                                "model.encoder.embed_tokens.weight",
                                "model.decoder.embed_tokens.weight",
                                "lm_head.weight"))) {
            Path copy =
                    renamed(
                            "table",
                            RandomSeq2Seq.BART,
                            name -> name.equals("model.shared.weight") ? names : List.of(name));
            assertThat(output(copy, manager)).as(names.toString()).isEqualTo(expected);
        }
        Path none =
                renamed(
                        "table",
                        RandomSeq2Seq.BART,
                        name -> name.equals("model.shared.weight") ? List.of() : List.of(name));
        assertThatThrownBy(() -> output(none, manager))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("encoder.embeddings.tokens.weight");
    }

    /** Its head is the table, without the bias that a model with a head has. */
    @EachEngine(leavesNothingOpen = true)
    void load_bareModel_isThatWithoutBias(NDManager manager) throws Exception {
        RandomSeq2Seq.write(directory, RandomSeq2Seq.BART, StoredType.F32);
        float[] biased = output(directory, manager);
        double[] bias;
        try (TensorSource source = Checkpoints.open(directory)) {
            bias = source.readDoubles("final_logits_bias");
        }
        Path bare =
                renamed(
                        "bare",
                        RandomSeq2Seq.BART.replace("BartForConditionalGeneration", "BartModel"),
                        name ->
                                name.equals("final_logits_bias")
                                        ? List.of()
                                        : List.of(name.replaceFirst("^model\\.", "")));
        float[] plain = output(bare, manager);
        for (int i = 0; i < plain.length; i++) {
            // a sum of 64 products of size 1, in another order
            assertThat(plain[i] + bias[i % 96]).isCloseTo(biased[i], within(1e-5));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void load_oldT5_passesOverWhatNothingUses(NDManager manager) throws Exception {
        RandomSeq2Seq.write(directory, RandomSeq2Seq.T5, StoredType.F32);
        float[] expected = output(directory, manager);
        String unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
        Path old =
                renamed(
                        "old",
                        RandomSeq2Seq.T5,
                        name ->
                                name.equals("shared.weight")
                                        ? List.of(name, "encoder.embed_tokens.weight", unused)
                                        : List.of(name));
        assertThat(output(old, manager)).isEqualTo(expected);
    }

    @EachEngine(leavesNothingOpen = true)
    void load_t5Encoder_isThatOfTheWholeModel(NDManager manager) throws Exception {
        RandomSeq2Seq.write(directory, RandomSeq2Seq.T5_GATED, StoredType.F32);
        Path encoder =
                renamed(
                        "encoder",
                        RandomSeq2Seq.T5_GATED.replace(
                                "T5ForConditionalGeneration", "T5EncoderModel"),
                        name -> {
                            boolean other =
                                    name.startsWith("decoder.") || name.startsWith("lm_head.");
                            return other ? List.of() : List.of(name);
                        });
        EncoderDecoder whole =
                (EncoderDecoder)
                        HuggingFaceModels.loadBlock(directory, manager, LoadOptions.defaults());
        NDArray ids = manager.create(new long[][] {{3, 0, 95, 41, 7}});
        NDArray memory =
                whole.getEncoder()
                        .forward(new ParameterStore(manager, false), new NDList(ids), false)
                        .get(0);
        assertThat(output(encoder, manager)).isEqualTo(memory.toFloatArray());
        Encoder loaded =
                (Encoder) HuggingFaceModels.loadBlock(encoder, manager, LoadOptions.defaults());
        Path saved = directory.resolve("saved");
        HuggingFaceModels.save(loaded, encoder, saved, StoredType.F32);
        assertThat(output(saved, manager)).isEqualTo(memory.toFloatArray());
    }
}

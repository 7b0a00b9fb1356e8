package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.parity.EachEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** BERT: learned positions, token types, post-norm, GELU; its pretraining heads. */
final class BertGoldenTest extends EncoderGoldens {

    BertGoldenTest() throws IOException, MalformedModelException {
        super("hf/bert", "prediction_logits", "seq_relationship_logits");
    }

    @Override
    List<String> sizes() {
        return List.of("num_attention_heads", "intermediate_size");
    }

    /** The same tensors as a BertModel, whose class passes over those of the heads. */
    private Path asBertModel(Path folder) throws IOException {
        String config =
                Files.readString(directory.resolve(Families.CONFIG_FILE))
                        .replace("BertForPreTraining", "BertModel");
        Files.writeString(folder.resolve(Families.CONFIG_FILE), config);
        Files.copy(directory.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        return folder;
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void bareModel_withPooler_givesItsOutputAfterTheHiddenState(
            NDManager manager, DataType dataType, @TempDir Path folder)
            throws IOException, MalformedModelException {
        KernelBlock model = load(asBertModel(folder), manager, dataType);
        for (String prefix : List.of("plain.", "right.")) {
            NDList inputs = inputs(prefix, manager);

            NDList outputs = model.forward(store(manager), inputs, false);

            assertThat(outputs).hasSize(2);
            golden.assertCloseWhere(
                    looks(inputs.get(1)),
                    prefix + "hidden_states." + description.layers(),
                    outputs.get(0),
                    GoldenTolerance.of(dataType, terms()));
            golden.assertClose(
                    prefix + "pooler_output",
                    outputs.get(1),
                    GoldenTolerance.ofFloat32Run(dataType, terms()));
        }
    }

    @EachEngine
    void load_withoutHead_isTheEncoderAlone(NDManager manager)
            throws IOException, MalformedModelException {
        KernelBlock model =
                HuggingFaceModels.loadBlock(
                        directory, manager, LoadOptions.defaults().withHead(false));
        NDList inputs = inputs("plain.", manager);

        NDList outputs = model.forward(store(manager), inputs, false);

        assertThat(model).isInstanceOf(Encoder.class);
        golden.assertClose(
                "plain.hidden_states." + description.layers(),
                outputs.singletonOrThrow(),
                GoldenTolerance.of(DataType.FLOAT32, terms()));
    }
}

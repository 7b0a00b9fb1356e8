package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sentences of a file through a small encoder of random weights. */
class EmbedTest {

    @TempDir Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeModel() throws IOException {
        Files.writeString(
                directory.resolve("tokenizer.json"),
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
                 "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "?",
                   "vocab": {"?": 0, "a": 1, "cat": 2, "dog": 3, "sat": 4, "ran": 5, "far": 6}}}
                """);
        Files.writeString(
                directory.resolve("config.json"),
                """
                {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 7,
                 "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2,
                 "num_attention_heads": 3, "max_position_embeddings": 16}
                """);
        ModelDescription description = HuggingFaceModels.describe(directory);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            KernelBlock block = description.newBlock();
            block.setInitializer(new NormalInitializer(1), Parameter.Type.WEIGHT);
            block.initialize(manager, DataType.FLOAT32, description.inputShapes());
            HuggingFaceModels.saveWeights(block, description, directory, StoredType.F32);
        }
    }

    private int run(String... args) {
        return Cli.run(
                new StringReader(""), new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PyTorch", "MXNet"})
    void embed_sentenceOfTheFile_isNearestToItself(String engine) throws IOException {
        Path file = directory.resolve("sentences.txt");
        Files.writeString(file, "a dog ran far\n\n  a cat sat \ndog cat dog\n");
        int code =
                run(
                        "embed",
                        directory.toString(),
                        file.toString(),
                        "a cat sat",
                        "--top",
                        "2",
                        "--engine",
                        engine);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString().lines()).hasSize(2);
        assertThat(out.toString()).startsWith(" 1.0000  a cat sat\n");
    }

    @Test
    void embed_noSentence_saysSo() throws IOException {
        Path file = Files.writeString(directory.resolve("empty.txt"), "\n \n");
        int code = run("embed", directory.toString(), file.toString(), "a");
        assertThat(code).isEqualTo(1);
        assertThat(err.toString().strip()).isEqualTo(file + " has no sentence: write one a line");
    }

    @Test
    void inspect_encoder_saysWhatItHolds() {
        int code = run("inspect", directory.toString());
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString()).contains("bert", "Every parameter has its tensor");
    }
}

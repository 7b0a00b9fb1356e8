package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot work is said in one line, before the work begins. */
class BadInputTest {

    @TempDir Path folder;

    private String refused(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code =
                Cli.run(
                        new StringReader("hello\n"),
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        args);
        assertThat(code).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().strip()).doesNotContain("\n");
        return err.toString().strip();
    }

    @Test
    void embed_fileThatIsNone_isNamed() {
        Path missing = folder.resolve("nothing.txt");
        for (Path file : List.of(missing, folder)) {
            assertThat(refused("embed", folder.toString(), file.toString(), "x"))
                    .isEqualTo(file + " is no file: give a text file with a sentence a line");
        }
    }

    @Test
    void embed_otherEncoding_isNamed() throws IOException {
        Path file = folder.resolve("latin.txt");
        Files.write(file, new byte[] {'a', (byte) 0xe9, 'b', '\n'});
        assertThat(refused("embed", folder.toString(), file.toString(), "x"))
                .isEqualTo(file + " is no UTF-8 text: convert it");
    }

    @Test
    void finetune_outputIsAFile_isRefusedAndStays() throws IOException {
        Path file = Files.writeString(folder.resolve("kept"), "kept");
        assertThat(refused("finetune", "--output", file.toString()))
                .isEqualTo("--output " + file + " is a file: name a directory for the adapter");
        Path below = file.resolve("adapter");
        assertThat(refused("finetune", "--output", below.toString()))
                .isEqualTo(
                        "--output %s cannot be written, for %s is no directory that may be written to: name another"
                                .formatted(below, file));
        assertThat(refused("finetune-hybrid", "--output", below.toString()))
                .startsWith("--output " + below + " cannot be written, for ");
        assertThat(file).hasContent("kept");
    }

    @Test
    void finetune_nothingToDo_isRefused() {
        String output = folder.resolve("adapter").toString();
        for (String option : List.of("--prompts", "--steps", "--batch")) {
            assertThat(refused("finetune", "--output", output, option, "0"))
                    .isEqualTo(option + " is 0: give a number of at least 1");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void generate_deviceOfNoKind_isRefused() {
        for (String device : List.of("tpu", "gpu", "gpu-1", "gpu99999999999999999")) {
            assertThat(refused("--engine", "PyTorch", "--device", device))
                    .isEqualTo("--device is '" + device + "': use cpu, gpu0, gpu1, ...");
        }
    }

    @Test
    void generate_engineWithoutArrays_isNotOffered() {
        assertThat(refused("--engine", "RPC"))
                .startsWith("engine 'RPC' is not on the classpath, found [")
                .doesNotContain("[RPC", ", RPC");
    }

    /** Not a hang, nor all memory: layers are made before their tensors are missed. */
    @Test
    void generate_moreLayersThanTheCheckpoint_isRefused() throws IOException {
        Path shipped = ShippedModel.directory();
        try (Stream<Path> files = Files.list(shipped)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        String other =
                text.replaceFirst("\"num_hidden_layers\": *\\d+", "\"num_hidden_layers\": 4000000");
        assertThat(other).isNotEqualTo(text);
        Files.writeString(config, other);
        assertThat(refused("--engine", "PyTorch", "--model", folder.toString()))
                .matches(
                        "the configuration says there are 4000000 layers, and the checkpoint in .*"
                                + " has \\d+ tensors: one of them is of another model");
    }

    @Test
    void chat_modelWithoutATemplate_isRefused() throws IOException {
        assertThat(refused("chat", ShippedModel.directory().toString()))
                .contains("has no chat template");
    }
}

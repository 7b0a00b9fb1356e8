package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands, run on the model that ships. */
class CliTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String input, String... args) {
        return Cli.run(
                new StringReader(input),
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args);
    }

    /** The shipped model, made to chat by a template that writes what was said as one story. */
    static Path chatModel(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(ShippedModel.directory())) {
            for (Path file : files) {
                Files.copy(
                        file,
                        folder.resolve(file.getFileName().toString()),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{% if m.content == 'sing' %}"
                        + "{{ raise_exception('I cannot sing') }}{% endif %}"
                        + "{{ m.content }}{% endfor %}");
        return folder;
    }

    @Test
    void run_optionsWithoutACommand_generate() {
        int code = run("", "--engine", "PyTorch", "--prompt", "Once upon", "--max-tokens", "5");
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString()).contains("Once upon a time", "(MAX_NEW_TOKENS)");
    }

    @Test
    void generate_samplingAndStop_sameTextOnEveryEngine() {
        int code =
                run(
                        "",
                        "generate",
                        "--prompt",
                        "Once upon",
                        "--max-tokens",
                        "40",
                        "--temperature",
                        "0.9",
                        "--top-k",
                        "20",
                        "--seed",
                        "3",
                        "--stop",
                        ".",
                        "--model",
                        shipped());
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString()).contains("Same tokens on ", "(STOP_SEQUENCE)");
    }

    private static String shipped() {
        try {
            return ShippedModel.directory().toString();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void chat_lines_areAnsweredInTurnAndForgottenOnReset(@TempDir Path folder) throws IOException {
        String lines = "Once upon a time,\nsing\n\n/reset\nOnce upon a time,\n/exit\nmore\n";
        int code = run(lines, "chat", chatModel(folder).toString(), "--max-tokens", "8");
        assertThat(code).isZero();
        assertThat(err.toString().strip()).endsWith(": Error: I cannot sing");
        String[] turns = out.toString().split("> ", -1);
        assertThat(turns).hasSize(7);
        assertThat(turns[1]).isNotBlank();
        // After /reset the model has heard the same, and says the same.
        assertThat(turns[5]).isEqualTo(turns[1]);
        assertThat(turns[2]).isEmpty();
    }

    @Test
    void chat_system_isHeardFirstAndKeptByReset(@TempDir Path folder) throws IOException {
        String model = chatModel(folder).toString();
        run("Once upon a time,\n", "chat", model, "--max-tokens", "8", "--greedy");
        String plain = out.toString();
        out.getBuffer().setLength(0);
        int code =
                run(
                        "/reset\na time,\n",
                        "chat",
                        model,
                        "--max-tokens",
                        "8",
                        "--greedy",
                        "--system",
                        "Once upon ");
        assertThat(code).isZero();
        assertThat(out.toString()).isEqualTo("> " + plain);
    }

    @Test
    void inspect_directory_isDescribedWithoutWeights() {
        int code = run("", "inspect", shipped(), "--tensors");
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("model_type    llama")
                .contains("heads         4 of 32, 2 for keys and values")
                .contains("context       256 tokens")
                .contains("model.layers.3.mlp.up_proj.weight")
                .contains("BF16  (384, 128)")
                .contains("Every parameter has its tensor: ");
    }

    @Test
    void inspect_weightsOfAnotherModel_fails(@TempDir Path folder) throws IOException {
        chatModel(folder);
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5"));
        assertThat(run("", "inspect", folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("does not fit the block", "layers.4.");
    }

    @Test
    void run_help_listsTheCommands() {
        assertThat(run("", "--help")).isZero();
        assertThat(out.toString()).contains("generate", "chat", "inspect", "bench");
        assertThat(run("", "chat", "--help")).isZero();
        assertThat(out.toString()).contains("--temperature", "/reset");
    }

    @Test
    void run_wrongUsage_isExitCodeTwo() {
        assertThat(run("", "dance")).isEqualTo(2);
        assertThat(run("", "chat")).isEqualTo(2);
        assertThat(err.toString()).contains("Missing required parameter: 'DIR'");
        assertThat(run("", "bench", "--workload", "W9")).isEqualTo(2);
    }

    /** Text that is no terminal has no colours. */
    @Test
    void run_failure_isPlainText() {
        assertThat(run("", "inspect", "/nowhere")).isEqualTo(1);
        assertThat(err.toString()).doesNotContain("\u001b");
    }
}

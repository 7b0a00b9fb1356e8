package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.samples.stories.StoryChecker;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Generate.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void run_withoutOptions_tellsTheSameStoryOnEveryEngineAndShowsParity() {
        int code = run();

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("[PyTorch 2.7.1, cpu]", "tokens/s (END_TOKEN)")
                .contains("Same tokens on ")
                .contains("RmsNorm", "MultiHeadAttention");
        String story = out.toString().lines().skip(1).findFirst().orElseThrow();
        assertThat(new StoryChecker().check(story).isValid()).as(story).isTrue();
    }

    @Test
    void run_promptAndMaxTokens_areHonoured() {
        int code = run("--engine", "PyTorch", "--prompt", "Once upon", "--max-tokens", "5");

        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("Once upon a time")
                .contains("5 tokens after a prompt of ")
                .contains("(MAX_NEW_TOKENS)");
    }

    @Test
    void run_unknownEngine_saysWhatThereIs() {
        int code = run("--engine", "TensorFlow");

        assertThat(code).isEqualTo(1);
        assertThat(err.toString())
                .contains("engine 'TensorFlow' is not on the classpath, found [")
                .contains("PyTorch")
                .contains("add its DJL dependency, or name one of these");
    }

    @Test
    void run_deviceThatIsNotThere_saysSo() {
        int code = run("--engine", "PyTorch", "--device", "gpu77");

        assertThat(code).isEqualTo(1);
        assertThat(err.toString())
                .contains("engine PyTorch sees ")
                .contains("GPUs, so there is no device gpu(77): use cpu");
    }

    @Test
    void run_missingDirectory_saysSo(@TempDir Path folder) {
        Path missing = folder.resolve("nothing");

        int code = run("--engine", "PyTorch", "--model", missing.toString());

        assertThat(code).isEqualTo(1);
        assertThat(err.toString().strip())
                .isEqualTo(
                        "model directory "
                                + missing
                                + " does not exist: give one with config.json, safetensors and"
                                + " tokenizer.json");
    }

    @Test
    void run_promptOverTheContext_saysHowLongItMayBe() {
        int code = run("--engine", "PyTorch", "--prompt", "fox ".repeat(300));

        assertThat(code).isEqualTo(1);
        assertThat(err.toString())
                .contains("leaves no room in the context of 256: shorten it to at most 255");
    }

    @Test
    void run_otherFamily_isRefusedByName(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"mamba\"}");

        int code = run("--engine", "PyTorch", "--model", folder.toString());

        assertThat(code).isEqualTo(1);
        assertThat(err.toString()).contains("model_type 'mamba' is not implemented; known: ", "llama");
    }

    @Test
    void run_unknownOption_isAUsageError() {
        assertThat(run("--enigne", "PyTorch")).isEqualTo(2);
        assertThat(err.toString())
                .contains("Unknown option", "--enigne", "Possible solutions: --engine");
    }
}

package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An encoder of a TorchScript file and a head in Java learn a task together. */
class FineTuneHybridTest {

    private static final Pattern LINE =
            Pattern.compile("accuracy (\\d\\.\\d+) before, (\\d\\.\\d+) after .*\\R");

    @TempDir private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private Matcher run(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "finetune-hybrid";
        System.arraycopy(args, 0, all, 1, args.length);
        int code =
                Cli.run(
                        new StringReader(""),
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        all);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        Matcher matcher = LINE.matcher(out.toString());
        assertThat(matcher.matches()).as(out.toString()).isTrue();
        return matcher;
    }

    @ParameterizedTest
    @CsvSource({"EXPORTED, 0.005", "WRITTEN, 0.03"})
    void run_trainableEncoder_learnsTheTask(String encoder, String rate) {
        Matcher accuracy = run("--encoder", encoder, "--learning-rate", rate);
        assertThat(Double.parseDouble(accuracy.group(1))).isBetween(0.3, 0.75);
        assertThat(Double.parseDouble(accuracy.group(2))).isGreaterThan(0.95);
    }

    @Test
    void run_frozenEncoder_learnsLess() {
        Matcher accuracy = run("--encoder", "EXPORTED", "--frozen");
        assertThat(Double.parseDouble(accuracy.group(2))).isLessThan(0.7);
    }

    @Test
    void run_tunedEncoderOfAFile_startsWhereItWas() {
        Path tuned = directory.resolve("tuned.pt");
        run("--encoder", "WRITTEN", "--learning-rate", "0.03", "--output", tuned.toString());
        assertThat(Files.exists(tuned)).isTrue();
        out.getBuffer().setLength(0);
        // Its head is new; what the encoder has learnt is enough for it.
        Matcher accuracy = run("--file", tuned.toString(), "--frozen", "--learning-rate", "0.03");
        assertThat(Double.parseDouble(accuracy.group(2))).isGreaterThan(0.9);
    }
}

package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FineTuneStoriesTest {

    @EachEngine
    void run_aFewSteps_writesAnAdapterAndThePlotAndTellsBoth(
            EngineUnderTest engine, NDManager manager, @TempDir Path folder) throws Exception {
        Path output = folder.resolve("fable");
        Path plot = folder.resolve("loss.png");
        StringWriter printed = new StringWriter();
        StringWriter failed = new StringWriter();

        int code =
                Cli.run(
                        Reader.nullReader(),
                        new PrintWriter(printed, true),
                        new PrintWriter(failed, true),
                        "finetune",
                        "--engine",
                        engine.engineName(),
                        "--output",
                        output.toString(),
                        "--plot",
                        plot.toString(),
                        "--steps",
                        "6",
                        "--batch",
                        "4",
                        "--rank",
                        "2",
                        "--prompts",
                        "2");

        assertThat(failed.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(printed.toString())
                .contains("19456 numbers learn, 853120 stay")
                .contains("without the adapter: 0 of 2 are right fables")
                .contains("with the adapter: ");
        assertThat(loss(printed, "after")).isLessThan(loss(printed, "before"));
        assertThat(Files.readAllBytes(plot)).startsWith(0x89, 'P', 'N', 'G');
        CausalLanguageModel model =
                HuggingFaceModels.load(
                        ShippedModel.directory(),
                        manager,
                        LoadOptions.defaults().withAdapter("fable", output));
        assertThat(
                        Adapters.of(
                                        model,
                                        HuggingFaceModels.describe(ShippedModel.directory()),
                                        manager)
                                .adapted("fable"))
                .hasSize(4 * 7);
    }

    private static double loss(StringWriter printed, String when) {
        String text = printed.toString();
        String name = "loss of unseen, " + when + ": ";
        int start = text.indexOf(name) + name.length();
        return Double.parseDouble(text.substring(start, text.indexOf('\n', start)).trim());
    }
}

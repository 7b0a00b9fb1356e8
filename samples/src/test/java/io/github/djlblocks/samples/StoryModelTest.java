package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.ZooModel;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The model that ships. */
class StoryModelTest {

    private static final int SEED = 17;
    private static final int PROMPTS = 90;

    @Test
    void directory_isUnderThreeMegabytes() throws IOException {
        long size = 0;
        try (Stream<Path> files = Files.list(ShippedModel.directory())) {
            for (Path file : files.toList()) {
                size += Files.size(file);
            }
        }
        assertThat(size).isBetween(1_000_000L, 3_000_000L);
    }

    @EachEngine
    void stories_ofUnseenPrompts_keepTheGrammar(EngineUnderTest engine) throws Exception {
        StoryQuality quality =
                MeasureStories.measure(
                        ShippedModel.directory(),
                        engine.engineName(),
                        PROMPTS,
                        SEED,
                        LoadOptions.defaults());

        assertThat(quality.stories()).isGreaterThan(PROMPTS / 2);
        assertThat(quality.share()).as("%s", quality.broken()).isGreaterThanOrEqualTo(0.95);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bfloat16", "int8"})
    void stories_packed_keepTheGrammar(String format) throws Exception {
        StoryQuality quality =
                MeasureStories.measure(
                        ShippedModel.directory(),
                        "PyTorch",
                        40,
                        SEED,
                        LoadOptions.of(Map.of("weights", format)));

        assertThat(quality.stories()).isGreaterThan(20);
        assertThat(quality.share()).as("%s", quality.broken()).isGreaterThanOrEqualTo(0.9);
    }

    @Test
    void text_compiledOrNot_isTheSame() throws Exception {
        List<String> texts = new ArrayList<>();
        for (String engine : List.of("PyTorch", "MXNet")) {
            for (String compile : List.of("auto", "false")) {
                try (ZooModel<String, String> model =
                                HuggingFaceModels.textGeneration(
                                                ShippedModel.directory(), engine, Device.cpu())
                                        .optArgument("compile", compile)
                                        .build()
                                        .loadModel();
                        Predictor<String, String> predictor = model.newPredictor()) {
                    texts.add(predictor.predict("Once upon a time, a small fox named Ruby"));
                }
            }
        }
        assertThat(texts).hasSize(4).allMatch(texts.get(0)::equals);
        assertThat(texts.get(0)).hasSizeGreaterThan(100);
    }
}

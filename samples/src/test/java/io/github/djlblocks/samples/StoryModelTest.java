package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

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
                        ShippedModel.directory(), engine.engineName(), PROMPTS, SEED);

        assertThat(quality.stories()).isGreaterThan(PROMPTS / 2);
        assertThat(quality.share()).as("%s", quality.broken()).isGreaterThanOrEqualTo(0.95);
    }
}

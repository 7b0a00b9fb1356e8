package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.model.DecoderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What config.json of a Llama means. */
class LlamaConfigTest {

    @TempDir Path directory;

    private DecoderConfig read(String more) throws IOException {
        Files.writeString(
                directory.resolve("config.json"),
                "{\"model_type\": \"llama\", \"hidden_size\": 8, \"num_attention_heads\": 2"
                        + more
                        + "}");
        return HuggingFaceModels.readConfig(directory);
    }

    @Test
    void readConfig_absentFields_haveTheDefaultsOfLlamaConfig() throws IOException {
        DecoderConfig config = read("");

        assertThat(config.vocabularySize()).isEqualTo(32000);
        assertThat(config.feedForwardSize()).isEqualTo(11008);
        assertThat(config.layers()).isEqualTo(32);
        assertThat(config.keyValueHeads()).isEqualTo(2);
        assertThat(config.headDim()).isEqualTo(4);
        assertThat(config.contextLength()).isEqualTo(2048);
        assertThat(config.normEpsilon()).isEqualTo(1e-6);
        assertThat(config.attentionBias()).isFalse();
        assertThat(config.feedForwardBias()).isFalse();
        assertThat(config.tiedHead()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"rope_theta\": 81",
                ", \"rope_theta\": 81, \"rope_scaling\": null",
                ", \"rope_theta\": 81, \"rope_scaling\": {\"type\": \"default\"}",
                ", \"rope_parameters\": {\"rope_theta\": 81}",
                ", \"rope_parameters\": {\"rope_theta\": 81.0, \"rope_type\": \"default\"}"
            })
    void readConfig_theta_isReadWhereverItStands(String more) throws IOException {
        // theta^(-2 i / 4) for a head of 4 channels: 1 and 1/9
        double[] frequencies = read(more).rotary().inverseFrequencies();

        assertThat(frequencies).hasSize(2);
        assertThat(frequencies[0]).isEqualTo(1);
        assertThat(frequencies[1]).isCloseTo(1.0 / 9, within(1e-16));
        assertThat(read(more).rotary().layout()).isEqualTo(RotaryLayout.HALF_SPLIT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"partial_rotary_factor\": 0.5",
                ", \"rope_parameters\": {\"partial_rotary_factor\": 0.5}",
                ", \"rope_scaling\": {\"type\": \"default\", \"partial_rotary_factor\": 0.5}"
            })
    void readConfig_partialRotary_isReadWhereverItStands(String more) throws IOException {
        assertThat(read(more).rotary().rotaryDim()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.25, 0.75, 2})
    void readConfig_rotaryPartThatPairsNothing_isRefused(double part) {
        assertThatThrownBy(() -> read(", \"partial_rotary_factor\": " + part))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "head_dim (4) times partial_rotary_factor ("
                                + part
                                + ") gives "
                                + (int) (4 * part)
                                + " rotary channels, which must be even, at least 2 and at most"
                                + " head_dim: rotary embedding pairs its channels");
    }
}

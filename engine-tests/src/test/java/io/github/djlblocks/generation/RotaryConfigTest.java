package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.kernel.RotaryRates;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.model.DecoderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the rotary fields of config.json mean: heads of 4 channels, theta 100, 64 positions. */
class RotaryConfigTest {

    @TempDir Path directory;

    private DecoderConfig read(String more) throws IOException {
        Files.writeString(
                directory.resolve("config.json"),
                "{\"model_type\": \"llama\", \"hidden_size\": 8, \"num_attention_heads\": 2,"
                        + " \"rope_theta\": 100, \"max_position_embeddings\": 64, "
                        + more
                        + "}");
        return HuggingFaceModels.readConfig(directory);
    }

    private static void assertRates(double[] rates, double first, double second) {
        assertThat(rates).containsExactly(new double[] {first, second}, within(1e-15));
    }

    @ParameterizedTest
    @ValueSource(strings = {"type", "rope_type"})
    void readConfig_linear_dividesTheFrequencies(String field) throws IOException {
        DecoderConfig config =
                read("\"rope_scaling\": {\"" + field + "\": \"linear\", \"factor\": 4}");
        assertRates(config.rotary().inverseFrequencies(), 0.25, 0.025);
        assertThat(config.contextLength()).isEqualTo(64);
    }

    @Test
    void readConfig_dynamic_growsBeyondItsPositions() throws IOException {
        DecoderConfig config = read("\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.5}");
        assertThat(config.rotary().rates()).isEqualTo(new RotaryRates.DynamicNtk(100, 4, 2.5, 64));
        assertThat(config.contextLength()).isEqualTo(160);
    }

    /**
     * Over 2048 positions the two pairs turn 326 and 33 times: none is interpolated. Over 64 they
     * turn 10.2 times and once: the ramp goes from pair 0 to pair ceil(1.008) = 2.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rope_scaling | \"factor\": 4 | 4 | 256",
                "rope_parameters | \"factor\": 4 | 4 | 256",
                // With an original length transformers 4.51.3 takes the ratio, 64 / 64.
                "rope_scaling | \"factor\": 4, \"original_max_position_embeddings\": 64 | 1 | 64",
                "rope_parameters | \"factor\": 4, \"original_max_position_embeddings\": 64 | 4 |"
                        + " 64",
                "rope_parameters | \"original_max_position_embeddings\": 64 | 1 | 64"
            })
    void readConfig_yarn_takesTheFactorOfItsVersion(
            String field, String numbers, double factor, int context) throws IOException {
        DecoderConfig config = read("\"" + field + "\": {\"rope_type\": \"yarn\"," + numbers + "}");
        double half = (1 + 1 / factor) / 2;
        assertRates(config.rotary().inverseFrequencies(), 1, 0.1 * half);
        assertThat(config.rotary().attentionFactor())
                .isCloseTo(1 + 0.1 * Math.log(factor), within(1e-15));
        assertThat(config.contextLength()).isEqualTo(context);
    }

    @Test
    void readConfig_yarnOfAnOriginalLength_usesIt() throws IOException {
        RotarySpec spec =
                read("\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 9,"
                                + " \"original_max_position_embeddings\": 32, \"beta_fast\": 0,"
                                + " \"beta_slow\": null, \"truncate\": false}")
                        .rotary();
        // Pair ln(32 / (2 pi)) / ln(100) * 2 = 0.7068 turns once; so pair 1 is all interpolated.
        assertRates(spec.inverseFrequencies(), 1, 0.05);
        assertThat(spec.attentionFactor()).isCloseTo(1 + 0.1 * Math.log(2), within(1e-15));
    }

    @Test
    void readConfig_yarnBetas_moveTheRamp() throws IOException {
        // Turns of pairs 0 and 1 over 64 positions: 64 / (2 pi) and a tenth of it. A ramp between
        // them is at 0 and 1; one that ends at a hundredth, pair 2, is half way at pair 1.
        double turns = 64 / (2 * Math.PI);
        String ramp =
                "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4, \"truncate\": false,"
                        + " \"beta_fast\": %s, \"beta_slow\": %s}";
        assertRates(
                read(ramp.formatted(turns, turns / 10)).rotary().inverseFrequencies(), 1, 0.025);
        assertRates(
                read(ramp.formatted(turns, turns / 100)).rotary().inverseFrequencies(), 1, 0.0625);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"attention_factor\": 0.7, \"mscale\": 2, \"mscale_all_dim\": 3 | 0.7",
                // 0.1 m ln(e^2) + 1 is 1.4 over 1.6
                "\"mscale\": 2, \"mscale_all_dim\": 3 | 0.875",
                "\"mscale\": 2 | 1.2",
                "\"mscale\": 0, \"mscale_all_dim\": 3 | 1.2"
            })
    void readConfig_yarnAttention_isGivenOrFollows(String numbers, double expected)
            throws IOException {
        String text =
                "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": " + Math.exp(2) + "," + numbers;
        assertThat(read(text + "}").rotary().attentionFactor()).isCloseTo(expected, within(1e-14));
    }

    @ParameterizedTest
    @ValueSource(strings = {"longrope", "su"})
    void readConfig_longRope_hasBothFactors(String type) throws IOException {
        String scaling =
                "\"rope_scaling\": {\"type\": \""
                        + type
                        + "\", \"short_factor\": [1, 2], \"long_factor\": [4, 5]%s}";
        RotarySpec spec =
                read("\"original_max_position_embeddings\": 16, " + scaling.formatted("")).rotary();
        assertRates(spec.rates().at(16), 1, 0.05);
        assertRates(spec.rates().at(17), 0.25, 0.02);
        // sqrt(1 + ln 4 / ln 16)
        assertThat(spec.attentionFactor()).isCloseTo(Math.sqrt(1.5), within(1e-15));
        RotarySpec inside =
                read(scaling.formatted(", \"original_max_position_embeddings\": 16")).rotary();
        assertThat(inside).isEqualTo(spec);
    }

    @Test
    void readConfig_longRopeWithoutAnOriginalLength_goesByItsFactor() throws IOException {
        String scaling =
                "\"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1, 2],"
                        + " \"long_factor\": [4, 5], ";
        RotarySpec spec = read(scaling + "\"factor\": 8}").rotary();
        assertThat(spec.rates())
                .isEqualTo(new RotaryRates.Switched(List.of(1.0, 0.05), List.of(0.25, 0.02), 64));
        // sqrt(1 + ln 8 / ln 64)
        assertThat(spec.attentionFactor()).isCloseTo(Math.sqrt(1.5), within(1e-15));
        assertThat(read(scaling + "\"attention_factor\": 1.25}").rotary().attentionFactor())
                .isEqualTo(1.25);
    }

    @Test
    void readConfig_proportional_leavesPairsUnturned() throws IOException {
        RotarySpec spec =
                read("\"rope_parameters\": {\"rope_type\": \"proportional\", \"rope_theta\": 100,"
                                + " \"partial_rotary_factor\": 0.5, \"factor\": 2}")
                        .rotary();
        assertRates(spec.inverseFrequencies(), 0.5, 0);
    }

    @Test
    void readConfig_sections_becomeAxes() throws IOException {
        String scaling = "\"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [1, 1]";
        assertThat(read(scaling + "}").rotary().axes()).containsExactly(0, 1);
        String turns = "\"head_dim\": 12, \"rope_scaling\": {\"mrope_section\": [3, 1, 2]";
        assertThat(read(turns + ", \"mrope_interleaved\": true}").rotary().axes())
                .containsExactly(0, 1, 2, 0, 0, 2);
        assertThat(read(turns + "}").rotary().axes()).containsExactly(0, 0, 0, 1, 2, 2);
    }
}

package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.djlblocks.generate.EarlyStopping;
import io.github.djlblocks.generate.GenerationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {

    private static final int CONTEXT = 40;
    private static final Set<Long> MODEL_ENDS = Set.of(9L);

    @TempDir Path directory;

    private TextOptions read(String json) throws IOException {
        Files.writeString(directory.resolve("generation_config.json"), json);
        return GenerationConfig.of(directory, CONTEXT, MODEL_ENDS).textOptions();
    }

    @Test
    void of_noFile_isGreedyToTheEndOfTheContext() throws IOException {
        TextOptions text = GenerationConfig.of(directory, CONTEXT, MODEL_ENDS).textOptions();
        assertThat(text.stopStrings()).isEmpty();
        GenerationOptions tokens = text.tokens();
        assertThat(tokens.doSample()).isFalse();
        assertThat(tokens.maxNewTokens()).isZero();
        assertThat(tokens.maxLength()).isEqualTo(CONTEXT);
        assertThat(tokens.endTokens()).containsExactly(9L);
    }

    @Test
    void of_everyField_isHonoured() throws IOException {
        TextOptions text =
                read(
                        """
                        {"max_new_tokens": 11, "max_length": 30, "min_length": 3,
                         "min_new_tokens": 2, "do_sample": true, "temperature": 0.7, "top_k": 13,
                         "top_p": 0.8, "min_p": 0.05, "typical_p": 0.95, "repetition_penalty": 1.2,
                         "no_repeat_ngram_size": 4, "suppress_tokens": [1, 2],
                         "begin_suppress_tokens": [3], "bad_words_ids": [[4, 5]],
                         "forced_bos_token_id": 6, "forced_eos_token_id": 7,
                         "length_penalty": 0.5, "early_stopping": "never",
                         "num_return_sequences": 2, "eos_token_id": [8, 10], "pad_token_id": 12,
                         "sequence_bias": [[[14], -1.5]], "stop_strings": ["x", "yz"],
                         "bos_token_id": 1, "transformers_version": "4.51.0", "use_cache": true,
                         "guidance_scale": 1, "num_beam_groups": 1}
                        """);
        assertThat(text.stopStrings()).containsExactly("x", "yz");
        GenerationOptions tokens = text.tokens();
        assertThat(tokens.maxNewTokens()).isEqualTo(11);
        assertThat(tokens.minLength()).isEqualTo(3);
        assertThat(tokens.minNewTokens()).isEqualTo(2);
        assertThat(tokens.doSample()).isTrue();
        assertThat(tokens.temperature()).isEqualTo(0.7);
        assertThat(tokens.topK()).isEqualTo(13);
        assertThat(tokens.topP()).isEqualTo(0.8);
        assertThat(tokens.minP()).isEqualTo(0.05);
        assertThat(tokens.typicalP()).isEqualTo(0.95);
        assertThat(tokens.repetitionPenalty()).isEqualTo(1.2);
        assertThat(tokens.noRepeatNgramSize()).isEqualTo(4);
        assertThat(tokens.suppressTokens()).containsExactlyInAnyOrder(1L, 2L);
        assertThat(tokens.beginSuppressTokens()).containsExactly(3L);
        assertThat(tokens.badWords()).containsExactly(List.of(4L, 5L));
        assertThat(tokens.forcedBosToken()).hasValue(6);
        assertThat(tokens.forcedEosToken()).hasValue(7);
        assertThat(tokens.lengthPenalty()).isEqualTo(0.5);
        assertThat(tokens.earlyStopping()).isEqualTo(EarlyStopping.NEVER);
        assertThat(tokens.numReturnSequences()).isEqualTo(2);
        assertThat(tokens.endTokens()).containsExactlyInAnyOrder(8L, 10L);
        assertThat(tokens.padToken()).isEqualTo(12);
        assertThat(tokens.logitBias()).isEqualTo(Map.of(14L, -1.5));
    }

    /** GenerationConfig of transformers draws from 50 tokens unless told otherwise. */
    @Test
    void of_sampleWithoutTopK_drawsFromFifty() throws IOException {
        assertThat(read("{\"do_sample\": true}").tokens().topK()).isEqualTo(50);
        assertThat(read("{\"do_sample\": true, \"top_k\": 0}").tokens().topK()).isZero();
        assertThat(read("{\"num_beams\": 3}").tokens().numBeams()).isEqualTo(3);
    }

    /** Files of greedy models hold temperatures that sampling would not take. */
    @Test
    void of_greedyWithTemperatureZero_isGreedy() throws IOException {
        TextOptions text = read("{\"do_sample\": false, \"temperature\": 0.0, \"top_p\": 0}");
        assertThat(text.tokens().doSample()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"penalty_alpha\": 0.6} # penalty_alpha (0.6) changes the text and is not"
                        + " implemented: take it out of the file",
                "{\"watermarking_config\": {}} # watermarking_config ({}) changes the text and is"
                        + " not implemented: take it out of the file",
                "{\"top_k\": \"many\"} # top_k (many) must be a whole number",
                "{\"do_sample\": 1} # do_sample (1) must be true or false",
                "{\"bad_words_ids\": [1]} # bad_words_ids ([1]) must be a list of lists of tokens",
                "{\"early_stopping\": \"soon\"} # early_stopping (soon) must be true, false or"
                        + " \"never\"",
                "{\"sequence_bias\": [[[1, 2], 3.0]]} # sequence_bias ([[[1, 2], 3.0]]) must be a"
                        + " list of pairs [[token], bias]: runs of several tokens are not"
                        + " implemented",
                "{\"stop_strings\": [\"\"]} # a stop string is empty, which would end every text"
                        + " at once: leave it out",
            })
    void of_whatCannotBeDone_isRefusedByName(String json, String message) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(message);
    }

    @Test
    void of_valueThatNoOptionTakes_saysWhichFile() {
        assertThatThrownBy(() -> read("{\"do_sample\": true, \"temperature\": 0.0}"))
                .hasMessageStartingWith(
                        directory.resolve("generation_config.json")
                                + ": temperature (0.0) must be a finite number above 0");
    }
}

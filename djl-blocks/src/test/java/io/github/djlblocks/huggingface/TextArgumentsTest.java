package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.Input;
import io.github.djlblocks.generate.GenerationOptions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TextArgumentsTest {

    private static final TextOptions BASE = TextOptions.of(GenerationOptions.of(5));

    @Test
    void apply_bothSpellingsAndTextValues_areRead() {
        TextOptions text =
                TextArguments.apply(
                        BASE,
                        Map.of(
                                "max_new_tokens",
                                "7",
                                "topK",
                                3,
                                "min_p",
                                "0.25",
                                "repetitionPenalty",
                                1.5,
                                "seed",
                                42L,
                                "stop",
                                List.of("a", "b"),
                                "translatorFactory",
                                "other"),
                        false);
        GenerationOptions tokens = text.tokens();
        assertThat(tokens.maxNewTokens()).isEqualTo(7);
        assertThat(tokens.topK()).isEqualTo(3);
        assertThat(tokens.minP()).isEqualTo(0.25);
        assertThat(tokens.repetitionPenalty()).isEqualTo(1.5);
        assertThat(tokens.seed()).hasValue(42);
        assertThat(tokens.doSample()).isTrue();
        assertThat(text.stopStrings()).containsExactly("a", "b");
    }

    @Test
    void apply_doSampleFalse_isGreedyInSpiteOfATemperature() {
        TextOptions text =
                TextArguments.apply(BASE, Map.of("temperature", 0.5, "do_sample", false), true);
        assertThat(text.tokens().doSample()).isFalse();
        assertThat(text.tokens().temperature()).isEqualTo(0.5);
    }

    @Test
    void apply_wrongValues_areRefusedByName() {
        assertThatThrownBy(() -> TextArguments.apply(BASE, Map.of("top_k", "x"), true))
                .hasMessage("top_k (x) must be a number");
        assertThatThrownBy(() -> TextArguments.apply(BASE, Map.of("topK", 1.5), true))
                .hasMessage("topK (1.5) must be a whole number");
        assertThatThrownBy(() -> TextArguments.apply(BASE, Map.of("doSample", "maybe"), true))
                .hasMessage("doSample (maybe) must be true or false");
        assertThatThrownBy(() -> TextArguments.apply(BASE, Map.of("best_of", 2), true))
                .hasMessageStartingWith(
                        "parameter 'best_of' is not known; known: [adapter, doSample, ");
    }

    private static ServingRequest request(String body) {
        Input input = new Input();
        input.add(body);
        return ServingRequest.of(input);
    }

    @Test
    void request_textOrJson_isAPromptOrAChat() {
        assertThat(request("Once").input()).isEqualTo("Once");
        ServingRequest prompt = request("{\"inputs\": \"a\", \"parameters\": {\"top_k\": 2}}");
        assertThat(prompt.input()).isEqualTo("a");
        assertThat(prompt.parameters()).containsExactly(Map.entry("top_k", 2L));
        ServingRequest chat =
                request("{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}");
        assertThat((ChatMessage[]) chat.input()).containsExactly(ChatMessage.user("hi"));
    }

    @Test
    void request_neither_isRefused() {
        assertThatThrownBy(() -> request("{\"prompt\": \"a\"}"))
                .hasMessage(
                        "the request must have a text 'inputs' or a list 'messages', but has"
                                + " [prompt]");
        assertThatThrownBy(() -> request("{\"messages\": [{\"role\": 1}]}"))
                .hasMessage("a message of the request ({role=1}) must have texts role and content");
        assertThatThrownBy(() -> request("{"))
                .hasMessageStartingWith("the request is not valid JSON: ");
    }
}

package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.huggingface.ChatMessage;
import io.github.djlblocks.huggingface.ChatOptions;
import io.github.djlblocks.huggingface.ChatSession;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextOptions;
import io.github.djlblocks.huggingface.TextStream;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Chats with a model whose answer to "once" is "upon a time". */
class ChatTest {

    private static final Map<Integer, Integer> STORY = Map.of(1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 3);

    /** Puts the token 5 before a text. */
    private static final String BEGINNING =
            """
            {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "</s>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                      {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"</s>": {"id": "</s>", "ids": [5], "tokens": ["</s>"]}}}
            """;

    private static final String TEMPLATE =
            "{% for m in messages %}{% if m.role == 'system' and not loop.first %}"
                    + "{{ raise_exception('The system speaks first') }}{% endif %}"
                    + "{{ '</s>' ~ m.content ~ ' ' }}{% endfor %}";

    @TempDir Path directory;

    private TextGenerator generator(EngineUnderTest engine, NDManager manager) throws Exception {
        try (NDManager writing = engine.newManager()) {
            TinyLlama.write(
                    directory,
                    TinyLlama.successor(writing, STORY),
                    StoredType.F32,
                    TinyLlama.WORDS.replace(
                            "\"post_processor\": null", "\"post_processor\": " + BEGINNING));
        }
        return TextGenerator.of(
                HuggingFaceModels.load(directory, manager, DataType.FLOAT32), manager, directory);
    }

    @EachEngine(leavesNothingOpen = true)
    void chat_templateThatWritesTheFirstToken_hasItOnce(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager)) {
            Files.writeString(directory.resolve("chat_template.jinja"), TEMPLATE);
            TextOptions options = generator.textOptions();
            assertThat(generator.generate("once", options, piece -> {}).promptTokens())
                    .containsExactly(5, 1);
            assertThat(
                            generator
                                    .generate(
                                            "once",
                                            options.withSpecialTokensAdded(false),
                                            piece -> {})
                                    .promptTokens())
                    .containsExactly(1);
            List<String> pieces = new ArrayList<>();
            TextGenerator.Result answer =
                    generator.chat(
                            List.of(ChatMessage.user("once")),
                            ChatOptions.defaults(),
                            options,
                            pieces::add);
            assertThat(answer.promptTokens()).containsExactly(5, 1);
            assertThat(answer.text()).isEqualTo(" upon a time");
            assertThat(pieces).containsExactly(" upon", " a", " time");
            try (TextStream stream =
                    generator.stream(
                            List.of(ChatMessage.system("there"), ChatMessage.user("once")),
                            ChatOptions.defaults(),
                            options.withSpecialTokensSkipped(false))) {
                assertThat(stream.stream()).containsExactly(" upon", " a", " time", " </s>");
                assertThat(stream.result().promptTokens()).containsExactly(5, 6, 5, 1);
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void chat_withoutATemplate_saysSoAndPromptsGoOn(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager)) {
            assertThatThrownBy(
                            () ->
                                    generator.chat(
                                            List.of(ChatMessage.user("once")),
                                            ChatOptions.defaults(),
                                            generator.textOptions(),
                                            piece -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(" has no chat template, neither in ");
            assertThat(generator.generate("once", generator.options(9)).text())
                    .isEqualTo(" upon a time");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void session_turns_areRememberedAndFailedOnesAreNot(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager)) {
            Files.writeString(directory.resolve("chat_template.jinja"), TEMPLATE);
            TextOptions options = generator.textOptions();
            generator.generate("once", options, piece -> {});
            int open = LeakGuard.of(manager).openArrays();
            try (ChatSession chat = generator.newChat(ChatOptions.defaults(), options)) {
                chat.add(ChatMessage.system("was"));
                assertThat(chat.send("upon").text()).isEqualTo(" a time");
                assertThat(chat.messages())
                        .containsExactly(
                                ChatMessage.system("was"),
                                ChatMessage.user("upon"),
                                ChatMessage.assistant(" a time"));
                assertThatThrownBy(() -> chat.send(ChatMessage.system("a"), piece -> {}))
                        .hasMessageEndingWith(": Error: The system speaks first");
                assertThatThrownBy(() -> chat.send("once ".repeat(20)))
                        .hasMessageContaining("leaves no room in the context of 12");
                assertThatThrownBy(
                                () ->
                                        chat.send(
                                                ChatMessage.user("once"),
                                                piece -> {
                                                    throw new IllegalStateException("enough");
                                                }))
                        .hasMessage("enough");
                assertThat(chat.messages()).hasSize(3);
                TextGenerator.Result second = chat.send("a");
                assertThat(second.promptTokens()).containsExactly(5, 7, 5, 2, 5, 3, 4, 5, 3);
                assertThat(second.text()).isEqualTo(" time");
                chat.reset();
                assertThat(chat.messages()).containsExactly(ChatMessage.system("was"));
                assertThat(chat.send("there").text()).isEqualTo(" was a time");
            }
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
        }
    }
}

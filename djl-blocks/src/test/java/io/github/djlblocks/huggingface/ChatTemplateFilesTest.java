package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateFilesTest {

    private static final List<ChatMessage> CHAT = List.of(ChatMessage.user("u"));

    @TempDir Path directory;

    private void write(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, text);
    }

    private String render(ChatOptions options) throws IOException {
        return ChatTemplate.of(directory).render(CHAT, options);
    }

    @Test
    void of_oneTemplate_isRenderedWithSpecialTokens() throws IOException {
        write(
                "tokenizer_config.json",
                """
                {"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>",
                 "pad_token": null,
                 "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}\
                {{ 'P' if pad_token is defined else 'N' }}{{ unk_token }}"}
                """);
        write("special_tokens_map.json", "{\"unk_token\": \"<u>\", \"eos_token\": \"no\"}");
        assertThat(render(ChatOptions.defaults())).isEqualTo("<b>u<e>N<u>");
    }

    @Test
    void of_namedTemplates_toolsChooseToolUse() throws IOException {
        write(
                "tokenizer_config.json",
                """
                {"chat_template": [{"name": "default", "template": "D{{ 1 if tools is none else 0 }}"},
                                   {"name": "tool_use", "template": "T{{ tools[0].name }}"},
                                   {"name": "rag", "template": "R"}]}
                """);
        ChatOptions defaults = ChatOptions.defaults();
        assertThat(render(defaults)).isEqualTo("D1");
        assertThat(render(defaults.withTools(List.of(Map.of("name", "f"))))).isEqualTo("Tf");
        assertThat(render(defaults.withTemplate("rag"))).isEqualTo("R");
        assertThatThrownBy(() -> render(defaults.withTemplate("other")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "there is no chat template 'other', but [default, rag, tool_use]: name one"
                                + " of these with withTemplate");
    }

    @Test
    void of_filesOfTheirOwn_winOverTheField() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": \"field\"}");
        write("chat_template.jinja", "file\n");
        write("additional_chat_templates/rag.jinja", "more");
        assertThat(render(ChatOptions.defaults())).isEqualTo("file");
        assertThat(render(ChatOptions.defaults().withTemplate("rag"))).isEqualTo("more");
    }

    @Test
    void of_noTemplate_saysWhatToDo() throws IOException {
        write("tokenizer_config.json", "{\"bos_token\": \"<s>\"}");
        assertThatThrownBy(() -> ChatTemplate.of(directory))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        directory
                                + " has no chat template, neither in tokenizer_config.json nor in"
                                + " chat_template.jinja: the model was not made for chats; give it"
                                + " plain prompts, or add the template it was trained on");
    }

    @Test
    void of_brokenTemplate_saysWhichFile() throws IOException {
        write("chat_template.jinja", "a\n{% if %}");
        assertThatThrownBy(() -> ChatTemplate.of(directory))
                .hasMessageStartingWith(
                        directory.resolve("chat_template.jinja") + ": SyntaxError: ");
    }

    @Test
    void of_entryWithoutTemplate_isRefused() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"default\"}]}");
        assertThatThrownBy(() -> ChatTemplate.of(directory))
                .hasMessage(
                        directory.resolve("tokenizer_config.json")
                                + ": chat_template ({name=default}) must have a name and a"
                                + " template");
    }
}

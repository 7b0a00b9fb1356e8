package io.github.djlblocks.huggingface;

import io.github.djlblocks.template.Template;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes the messages of a chat as the text a model was trained on.
 *
 * <p>Templates are read from {@code chat_template.jinja}, the folder {@code
 * additional_chat_templates} and the field {@code chat_template} of {@code tokenizer_config.json},
 * which may be one template or several with names. Special tokens ({@code bos_token}, {@code
 * eos_token} and the like), {@code messages}, {@code tools}, {@code documents} and {@code
 * add_generation_prompt} are the variables of a template.
 *
 * <p>The text holds its special tokens: it is tokenized without adding any.
 *
 * <p>Reference: {@code apply_chat_template} of transformers.
 */
public final class ChatTemplate {

    private static final String TOOL_USE = "tool_use";

    private final Map<String, Template> templates;
    private final Map<String, @Nullable Object> specialTokens;

    private ChatTemplate(
            Map<String, Template> templates, Map<String, @Nullable Object> specialTokens) {
        this.templates = templates;
        this.specialTokens = specialTokens;
    }

    /**
     * Reads the templates of a directory.
     *
     * @param directory the Hugging Face directory
     * @return the templates
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if there is no template, or one is not well formed or uses
     *     what is not implemented; the message says where
     * @throws IllegalStateException if GraalJS is not on the classpath
     */
    public static ChatTemplate of(Path directory) throws IOException {
        Map<String, Template> templates = new LinkedHashMap<>();
        ChatTemplateFiles.sources(directory)
                .forEach((name, source) -> templates.put(name, parsed(source)));
        if (templates.isEmpty()) {
            throw new IllegalArgumentException(
                    directory
                            + " has no chat template, neither in tokenizer_config.json nor in"
                            + " chat_template.jinja: the model was not made for chats; give it"
                            + " plain prompts, or add the template it was trained on");
        }
        return new ChatTemplate(templates, ChatTemplateFiles.specialTokens(directory));
    }

    /**
     * Reads a template.
     *
     * @param source the template
     * @param specialTokens the special tokens it prints, by names such as {@code bos_token}
     * @return the template
     * @throws IllegalArgumentException if it is not well formed or uses what is not implemented
     */
    public static ChatTemplate of(String source, Map<String, String> specialTokens) {
        return new ChatTemplate(
                Map.of(
                        ChatTemplateFiles.DEFAULT,
                        parsed(new ChatTemplateFiles.Source("chat template", source))),
                new LinkedHashMap<>(specialTokens));
    }

    private static Template parsed(ChatTemplateFiles.Source source) {
        try {
            return Template.parse(source.where(), source.text());
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "chat templates are rendered in JavaScript, and "
                            + e.getMessage()
                            + " is missing: add org.graalvm.polyglot:polyglot, and js-community of"
                            + " type pom, to the classpath",
                    e);
        }
    }

    /**
     * Writes a chat up to where the answer of the model begins.
     *
     * @param messages the messages, the oldest first
     * @return the text
     * @throws IllegalArgumentException if there is no message, or the template refuses them; the
     *     message is the template's own
     */
    public String render(List<ChatMessage> messages) {
        return render(messages, ChatOptions.defaults());
    }

    /**
     * Writes a chat.
     *
     * @param messages the messages, the oldest first
     * @param options what else the template is told
     * @return the text
     * @throws IllegalArgumentException if there is no message, no such template, or it refuses
     *     them; the message is the template's own
     */
    public String render(List<ChatMessage> messages, ChatOptions options) {
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("the chat has no message: give at least one");
        }
        Map<String, @Nullable Object> context = new LinkedHashMap<>(specialTokens);
        context.put("messages", messages.stream().map(ChatMessage::toMap).toList());
        options.putInto(context);
        return template(options).render(context);
    }

    private Template template(ChatOptions options) {
        String name = options.template();
        if (name.isEmpty()) {
            boolean forTools = !options.tools().isEmpty() && templates.containsKey(TOOL_USE);
            name = forTools ? TOOL_USE : ChatTemplateFiles.DEFAULT;
        }
        Template template = templates.get(name);
        if (template == null) {
            throw new IllegalArgumentException(
                    "there is no chat template '"
                            + name
                            + "', but "
                            + new TreeSet<>(templates.keySet())
                            + ": name one of these with withTemplate");
        }
        return template;
    }
}

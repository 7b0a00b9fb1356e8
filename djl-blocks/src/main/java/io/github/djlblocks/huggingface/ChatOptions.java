package io.github.djlblocks.huggingface;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template is told besides the messages: the arguments of {@code apply_chat_template}
 * of transformers.
 *
 * @param addGenerationPrompt whether the text ends where the answer of the model begins
 * @param template the name of the template; empty for {@code tool_use} if there are tools and it is
 *     there, else {@code default}
 * @param tools JSON schemas of functions the model may call
 * @param documents documents the model may use, such as {@code title} and {@code text}
 * @param variables further variables that the template reads, such as {@code enable_thinking}
 */
public record ChatOptions(
        boolean addGenerationPrompt,
        String template,
        List<Map<String, Object>> tools,
        List<Map<String, Object>> documents,
        Map<String, Object> variables) {

    private static final ChatOptions DEFAULTS =
            new ChatOptions(true, "", List.of(), List.of(), Map.of());

    /**
     * Copies lists and map.
     *
     * @param addGenerationPrompt whether the text ends where the answer of the model begins
     * @param template the name of the template
     * @param tools JSON schemas of functions the model may call
     * @param documents documents the model may use
     * @param variables further variables that the template reads
     */
    public ChatOptions {
        tools = List.copyOf(tools);
        documents = List.copyOf(documents);
        variables = Map.copyOf(variables);
    }

    /**
     * Returns the options of an answer without tools.
     *
     * @return with a generation prompt and nothing else
     */
    public static ChatOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns options that say whether the text ends where the answer begins.
     *
     * @param add whether it does
     * @return a changed copy
     */
    public ChatOptions withGenerationPrompt(boolean add) {
        return new ChatOptions(add, template, tools, documents, variables);
    }

    /**
     * Returns options for another of several templates.
     *
     * @param name its name
     * @return a changed copy
     */
    public ChatOptions withTemplate(String name) {
        return new ChatOptions(addGenerationPrompt, name, tools, documents, variables);
    }

    /**
     * Returns options with tools.
     *
     * @param schemas JSON schemas of functions the model may call
     * @return a changed copy
     */
    public ChatOptions withTools(List<Map<String, Object>> schemas) {
        return new ChatOptions(addGenerationPrompt, template, schemas, documents, variables);
    }

    /**
     * Returns options with documents.
     *
     * @param texts documents the model may use
     * @return a changed copy
     */
    public ChatOptions withDocuments(List<Map<String, Object>> texts) {
        return new ChatOptions(addGenerationPrompt, template, tools, texts, variables);
    }

    /**
     * Returns options with one more variable.
     *
     * @param name what the template calls it
     * @param value text, a number, a boolean, a list or a map
     * @return a changed copy
     */
    public ChatOptions withVariable(String name, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(variables);
        all.put(name, value);
        return new ChatOptions(addGenerationPrompt, template, tools, documents, all);
    }

    /** What templates see; None where there is nothing, as in transformers. */
    void putInto(Map<String, @Nullable Object> context) {
        context.put("add_generation_prompt", addGenerationPrompt);
        context.put("tools", tools.isEmpty() ? null : tools);
        context.put("documents", documents.isEmpty() ? null : documents);
        context.putAll(variables);
    }
}

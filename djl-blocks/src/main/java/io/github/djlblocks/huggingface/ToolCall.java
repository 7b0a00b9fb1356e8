package io.github.djlblocks.huggingface;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A call of a tool that an assistant has asked for.
 *
 * @param id what the answer refers to; empty if the model gives none
 * @param name the name of the tool
 * @param arguments what it is called with
 */
public record ToolCall(String id, String name, Map<String, @Nullable Object> arguments) {

    /**
     * Copies the arguments.
     *
     * @param id what the answer refers to; empty if the model gives none
     * @param name the name of the tool
     * @param arguments what it is called with
     */
    public ToolCall {
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** As templates read it, in the layout of OpenAI's API that transformers uses. */
    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        if (!id.isEmpty()) {
            map.put("id", id);
        }
        map.put("type", "function");
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("arguments", arguments);
        map.put("function", function);
        return map;
    }
}

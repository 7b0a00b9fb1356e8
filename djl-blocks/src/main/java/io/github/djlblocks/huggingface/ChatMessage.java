package io.github.djlblocks.huggingface;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message of a chat.
 *
 * @param role who speaks: {@code system}, {@code user}, {@code assistant}, {@code tool}, or what
 *     else the template knows
 * @param content what is said
 * @param toolCalls the tools an assistant asks for
 * @param more further fields that the template reads, such as {@code name}, {@code tool_call_id} or
 *     {@code reasoning_content}
 */
public record ChatMessage(
        String role, String content, List<ToolCall> toolCalls, Map<String, Object> more) {

    /**
     * Copies list and map.
     *
     * @param role who speaks
     * @param content what is said
     * @param toolCalls the tools an assistant asks for
     * @param more further fields that the template reads
     */
    public ChatMessage {
        toolCalls = List.copyOf(toolCalls);
        more = Map.copyOf(more);
    }

    /**
     * Makes a message of text.
     *
     * @param role who speaks
     * @param content what is said
     */
    public ChatMessage(String role, String content) {
        this(role, content, List.of(), Map.of());
    }

    /**
     * Makes the instructions of a chat.
     *
     * @param content what is said
     * @return the message
     */
    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }

    /**
     * Makes a message of the user.
     *
     * @param content what is said
     * @return the message
     */
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    /**
     * Makes an answer of the model.
     *
     * @param content what is said
     * @return the message
     */
    public static ChatMessage assistant(String content) {
        return new ChatMessage("assistant", content);
    }

    /**
     * Makes an answer of the model that asks for tools.
     *
     * @param content what is said, perhaps nothing
     * @param toolCalls the tools it asks for
     * @return the message
     */
    public static ChatMessage assistant(String content, List<ToolCall> toolCalls) {
        return new ChatMessage("assistant", content, toolCalls, Map.of());
    }

    /**
     * Makes the answer of a tool.
     *
     * @param name the name of the tool
     * @param callId the id of the call, empty if it had none
     * @param content what the tool said
     * @return the message
     */
    public static ChatMessage tool(String name, String callId, String content) {
        Map<String, Object> more =
                callId.isEmpty()
                        ? Map.of("name", name)
                        : Map.of("name", name, "tool_call_id", callId);
        return new ChatMessage("tool", content, List.of(), more);
    }

    /** As templates read it. */
    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", content);
        if (!toolCalls.isEmpty()) {
            map.put("tool_calls", toolCalls.stream().map(ToolCall::toMap).toList());
        }
        map.putAll(more);
        return map;
    }
}

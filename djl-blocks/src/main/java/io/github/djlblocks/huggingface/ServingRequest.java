package io.github.djlblocks.huggingface;

import ai.djl.modality.Input;
import ai.djl.ndarray.BytesSupplier;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A prompt or a chat, and the options of a request.
 *
 * @param input a String or a ChatMessage[]
 * @param parameters options by name
 */
record ServingRequest(Object input, Map<String, @Nullable Object> parameters) {

    private static final String INPUTS = "inputs";
    private static final String MESSAGES = "messages";
    private static final String PARAMETERS = "parameters";

    /** Reads plain text as a prompt, and a JSON object by its fields. */
    static ServingRequest of(Input request) {
        BytesSupplier data = request.getData();
        if (data == null) {
            throw new IllegalArgumentException("the request is empty: send a prompt, or JSON");
        }
        String text = data.getAsString();
        String type = request.getProperty("Content-Type", "");
        if (!type.contains("json") && !text.stripLeading().startsWith("{")) {
            return new ServingRequest(text, Map.of());
        }
        Map<String, @Nullable Object> json = JsonValues.object("the request", text);
        return new ServingRequest(input(json), parameters(json.get(PARAMETERS)));
    }

    private static Object input(Map<String, @Nullable Object> json) {
        if (json.get(INPUTS) instanceof String prompt) {
            return prompt;
        }
        if (json.get(MESSAGES) instanceof List<?> messages) {
            return messages.stream().map(ServingRequest::message).toArray(ChatMessage[]::new);
        }
        throw new IllegalArgumentException(
                "the request must have a text '"
                        + INPUTS
                        + "' or a list '"
                        + MESSAGES
                        + "', but has "
                        + json.keySet());
    }

    private static ChatMessage message(Object message) {
        if (message instanceof Map<?, ?> fields
                && fields.get("role") instanceof String role
                && fields.get("content") instanceof String content) {
            return new ChatMessage(role, content);
        }
        throw new IllegalArgumentException(
                "a message of the request (" + message + ") must have texts role and content");
    }

    private static Map<String, @Nullable Object> parameters(@Nullable Object field) {
        Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
        if (field instanceof Map<?, ?> map) {
            map.forEach((name, value) -> parameters.put(String.valueOf(name), value));
        } else if (field != null) {
            throw new IllegalArgumentException(
                    "'" + PARAMETERS + "' of the request must be an object");
        }
        return parameters;
    }
}

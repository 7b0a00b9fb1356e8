package io.github.djlblocks.huggingface;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as maps, lists, text, booleans, Long where a number is whole, Double else, and null. */
final class JsonValues {

    private JsonValues() {}

    /** The object of a file. */
    static Map<String, @Nullable Object> read(Path file) throws IOException {
        return object(file.toString(), Files.readString(file));
    }

    static Map<String, @Nullable Object> object(String where, String text) {
        try {
            JsonElement json = JsonParser.parseString(text);
            if (!json.isJsonObject()) {
                throw new IllegalArgumentException(where + " is not a JSON object");
            }
            return object(json);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(where + " is not valid JSON: " + e.getMessage(), e);
        }
    }

    private static Map<String, @Nullable Object> object(JsonElement json) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        json.getAsJsonObject().entrySet().forEach(e -> object.put(e.getKey(), of(e.getValue())));
        return object;
    }

    private static @Nullable Object of(JsonElement json) {
        if (json.isJsonObject()) {
            return object(json);
        }
        if (json.isJsonArray()) {
            List<@Nullable Object> list = new ArrayList<>();
            json.getAsJsonArray().forEach(item -> list.add(of(item)));
            return list;
        }
        if (json.isJsonNull()) {
            return null;
        }
        JsonPrimitive value = json.getAsJsonPrimitive();
        if (value.isBoolean()) {
            return value.getAsBoolean();
        }
        return value.isNumber() ? number(value) : value.getAsString();
    }

    private static Object number(JsonPrimitive value) {
        String digits = value.getAsString();
        if (digits.matches("-?[0-9]{1,18}")) {
            return Long.valueOf(digits);
        }
        return Double.valueOf(digits);
    }
}

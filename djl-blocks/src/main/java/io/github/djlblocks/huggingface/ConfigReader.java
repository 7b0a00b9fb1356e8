package io.github.djlblocks.huggingface;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A JSON object of configuration; every error names the file, the field and what was expected. */
final class ConfigReader {

    private final String where;
    private final JsonObject json;

    private ConfigReader(String where, JsonObject json) {
        this.where = where;
        this.json = json;
    }

    static ConfigReader of(String where, String text) {
        try {
            JsonElement element = JsonParser.parseString(text);
            if (element.isJsonObject()) {
                return new ConfigReader(where, element.getAsJsonObject());
            }
            throw new IllegalArgumentException(where + " is not a JSON object");
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(where + " is not valid JSON: " + e.getMessage(), e);
        }
    }

    static ConfigReader of(Path file) throws IOException {
        try {
            return of(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new IOException(
                    file + " is missing: a Hugging Face directory has one beside its weights", e);
        }
    }

    boolean has(String field) {
        return json.has(field) && !json.get(field).isJsonNull();
    }

    /** The object of a field, or an empty one. */
    ConfigReader object(String field) {
        JsonElement value = has(field) ? json.get(field) : new JsonObject();
        if (!value.isJsonObject()) {
            throw wrong(field, value, "an object");
        }
        return new ConfigReader(where + ": " + field, value.getAsJsonObject());
    }

    /** A size: a whole number of at least 1. */
    int integer(String field) {
        long value = wholeOf(field, required(field), Integer.MAX_VALUE);
        if (value < 1) {
            throw new IllegalArgumentException(
                    where + ": " + field + " (" + value + ") must be at least 1");
        }
        return (int) value;
    }

    int integer(String field, int otherwise) {
        return has(field) ? integer(field) : otherwise;
    }

    double number(String field) {
        JsonElement value = required(field);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
            throw wrong(field, value, "a number");
        }
        return value.getAsDouble();
    }

    double number(String field, double otherwise) {
        return has(field) ? number(field) : otherwise;
    }

    List<Double> numbers(String field) {
        JsonElement value = required(field);
        if (!value.isJsonArray()) {
            throw wrong(field, value, "a list of numbers");
        }
        List<Double> numbers = new ArrayList<>();
        for (JsonElement element : value.getAsJsonArray()) {
            if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isNumber()) {
                throw wrong(field, value, "a list of numbers");
            }
            numbers.add(element.getAsDouble());
        }
        return numbers;
    }

    boolean flag(String field, boolean otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        JsonElement value = json.get(field);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw wrong(field, value, "true or false");
        }
        return value.getAsBoolean();
    }

    String text(String field) {
        JsonElement value = required(field);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
            throw wrong(field, value, "a string");
        }
        return value.getAsString();
    }

    String text(String field, String otherwise) {
        return has(field) ? text(field) : otherwise;
    }

    /** One token id, several, or none if it says null; {@code absent} if it says nothing. */
    Set<Long> tokens(String field, Set<Long> absent) {
        if (!json.has(field)) {
            return absent;
        }
        Set<Long> tokens = new LinkedHashSet<>();
        if (!has(field)) {
            return tokens;
        }
        JsonElement value = json.get(field);
        if (value.isJsonArray()) {
            for (JsonElement element : value.getAsJsonArray()) {
                tokens.add(wholeOf(field, element, Long.MAX_VALUE));
            }
        } else {
            tokens.add(wholeOf(field, value, Long.MAX_VALUE));
        }
        return tokens;
    }

    /** Refuses a field that changes the arithmetic, unless its value is one that does not. */
    void refuseUnless(String field, String... neutral) {
        if (!has(field)) {
            return;
        }
        String value = json.get(field).toString();
        for (String harmless : neutral) {
            if (value.equals(harmless)) {
                return;
            }
        }
        throw new IllegalArgumentException(
                where
                        + ": "
                        + field
                        + " ("
                        + value
                        + ") changes the model and is not implemented for this model_type; only "
                        + String.join(", ", neutral)
                        + " can be loaded");
    }

    /** Refuses an object that says more than some fields but not one that the others need. */
    void refuseOthers(Set<String> alone, String missing) {
        Set<String> others = new TreeSet<>(json.keySet());
        others.removeAll(alone);
        if (!others.isEmpty()) {
            throw new IllegalArgumentException(
                    where + ": " + missing + " is missing, but there are " + others);
        }
    }

    IllegalArgumentException unknown(String field, String value, Set<String> known) {
        return new IllegalArgumentException(
                where
                        + ": "
                        + field
                        + " '"
                        + value
                        + "' is not implemented; known: "
                        + String.join(", ", new TreeSet<>(known)));
    }

    private long wholeOf(String field, JsonElement value, long most) {
        if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
            double number = value.getAsDouble();
            if (number == Math.rint(number) && Math.abs(number) <= most) {
                return (long) number;
            }
        }
        throw wrong(field, value, "a whole number");
    }

    private JsonElement required(String field) {
        if (!has(field)) {
            throw new IllegalArgumentException(where + ": " + field + " is missing");
        }
        return json.get(field);
    }

    private IllegalArgumentException wrong(String field, JsonElement value, String expected) {
        return new IllegalArgumentException(
                where + ": " + field + " (" + value + ") must be " + expected);
    }
}

package io.github.djlblocks.internal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A JSON object of configuration; every error names the file, the field and what was expected. It
 * remembers which fields were asked for, so that the others can be looked over.
 */
public final class ConfigReader {

    private final String where;
    private final JsonObject json;
    private final Set<String> asked;

    private ConfigReader(String where, JsonObject json, Set<String> asked) {
        this.where = where;
        this.json = json;
        this.asked = asked;
    }

    /**
     * Reads a text.
     *
     * @param where what errors call it
     * @param text a JSON object
     * @return its reader
     * @throws IllegalArgumentException if it is none
     */
    public static ConfigReader of(String where, String text) {
        try {
            JsonElement element = JsonParser.parseString(text);
            if (element.isJsonObject()) {
                return new ConfigReader(where, element.getAsJsonObject(), new HashSet<>());
            }
            throw new IllegalArgumentException(where + " is not a JSON object");
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(where + " is not valid JSON: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a file.
     *
     * @param file a file of one JSON object
     * @return its reader
     * @throws IOException if it is missing or cannot be read
     * @throws IllegalArgumentException if it is no JSON object
     */
    public static ConfigReader of(Path file) throws IOException {
        try {
            return of(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new IOException(
                    file + " is missing: a Hugging Face directory has one beside its weights", e);
        }
    }

    /**
     * Returns these fields and, for those that are absent, others. A field that says null is there.
     *
     * @param defaults a JSON object
     * @return a reader; what it is asked for, this was asked for
     */
    public ConfigReader withDefaults(String defaults) {
        JsonObject merged = JsonParser.parseString(defaults).getAsJsonObject();
        json.entrySet().forEach(field -> merged.add(field.getKey(), field.getValue()));
        return new ConfigReader(where, merged, asked);
    }

    /**
     * Returns whether there is a value other than null.
     *
     * @param field the name of the field
     * @return whether there is
     */
    public boolean has(String field) {
        asked.add(field);
        return json.has(field) && !json.get(field).isJsonNull();
    }

    /**
     * Returns whether a field is there and says null, which is not the same as its absence.
     *
     * @param field the name of the field
     * @return whether it does
     */
    public boolean isNull(String field) {
        asked.add(field);
        return json.has(field) && json.get(field).isJsonNull();
    }

    /**
     * Returns the object of a field, or an empty one.
     *
     * @param field the name of the field
     * @return its reader
     * @throws IllegalArgumentException if it is something else
     */
    public ConfigReader object(String field) {
        JsonElement value = has(field) ? json.get(field) : new JsonObject();
        if (!value.isJsonObject()) {
            throw wrong(field, value, "an object");
        }
        return new ConfigReader(where + ": " + field, value.getAsJsonObject(), new HashSet<>());
    }

    /**
     * Returns a size.
     *
     * @param field the name of the field
     * @return a whole number of at least 1
     * @throws IllegalArgumentException if it is missing or none
     */
    public int integer(String field) {
        long value = wholeOf(field, required(field), Integer.MAX_VALUE);
        if (value < 1) {
            throw refusal(field + " (" + value + ") must be at least 1");
        }
        return (int) value;
    }

    /**
     * Returns a size, or what it is otherwise.
     *
     * @param field the name of the field
     * @param otherwise the value if there is none
     * @return a whole number of at least 1
     * @throws IllegalArgumentException if it is something else
     */
    public int integer(String field, int otherwise) {
        return has(field) ? integer(field) : otherwise;
    }

    /**
     * Returns how many there are of something, or what it is otherwise.
     *
     * @param field the name of the field
     * @param otherwise the value if there is none
     * @return a whole number of at least 0
     * @throws IllegalArgumentException if it is something else
     */
    public int count(String field, int otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        long value = wholeOf(field, json.get(field), Integer.MAX_VALUE);
        if (value < 0) {
            throw refusal(field + " (" + value + ") must be at least 0");
        }
        return (int) value;
    }

    /**
     * Returns a number.
     *
     * @param field the name of the field
     * @return the number
     * @throws IllegalArgumentException if it is missing or none
     */
    public double number(String field) {
        JsonElement value = required(field);
        if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
            return value.getAsDouble();
        }
        throw wrong(field, value, "a number");
    }

    /**
     * Returns a number, or what it is otherwise.
     *
     * @param field the name of the field
     * @param otherwise the value if there is none
     * @return the number
     * @throws IllegalArgumentException if it is something else
     */
    public double number(String field, double otherwise) {
        return has(field) ? number(field) : otherwise;
    }

    /**
     * Returns a list of numbers.
     *
     * @param field the name of the field
     * @return the numbers
     * @throws IllegalArgumentException if it is missing or none
     */
    public List<Double> numbers(String field) {
        return list(field, JsonPrimitive::isNumber, "a list of numbers").stream()
                .map(JsonElement::getAsDouble)
                .toList();
    }

    /**
     * Returns true or false, or what it is otherwise.
     *
     * @param field the name of the field
     * @param otherwise the value if there is none
     * @return the flag
     * @throws IllegalArgumentException if it is something else
     */
    public boolean flag(String field, boolean otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        JsonElement value = json.get(field);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw wrong(field, value, "true or false");
        }
        return value.getAsBoolean();
    }

    /**
     * Returns a string.
     *
     * @param field the name of the field
     * @return the string
     * @throws IllegalArgumentException if it is missing or none
     */
    public String text(String field) {
        JsonElement value = required(field);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
            throw wrong(field, value, "a string");
        }
        return value.getAsString();
    }

    /**
     * Returns a string, or what it is otherwise.
     *
     * @param field the name of the field
     * @param otherwise the value if there is none
     * @return the string
     * @throws IllegalArgumentException if it is something else
     */
    public String text(String field, String otherwise) {
        return has(field) ? text(field) : otherwise;
    }

    /**
     * Returns one token id, several, or none if the field says null.
     *
     * @param field the name of the field
     * @param absent the tokens if there is no field
     * @return the tokens
     * @throws IllegalArgumentException if it is something else
     */
    public Set<Long> tokens(String field, Set<Long> absent) {
        asked.add(field);
        if (!json.has(field)) {
            return absent;
        }
        Set<Long> tokens = new LinkedHashSet<>();
        if (!has(field)) {
            return tokens;
        }
        JsonElement value = json.get(field);
        for (JsonElement one : value.isJsonArray() ? value.getAsJsonArray() : List.of(value)) {
            tokens.add(wholeOf(field, one, Long.MAX_VALUE));
        }
        return tokens;
    }

    /**
     * Refuses a field that changes the arithmetic, unless its value is one that does not.
     *
     * @param field the name of the field
     * @param neutral such values, as JSON
     * @throws IllegalArgumentException if it is another
     */
    public void refuseUnless(String field, String... neutral) {
        if (!has(field)) {
            return;
        }
        String value = json.get(field).toString();
        if (List.of(neutral).contains(value)) {
            return;
        }
        throw refusal(
                field
                        + " ("
                        + value
                        + ") changes the model and is not implemented for this model_type; only "
                        + String.join(", ", neutral)
                        + " can be loaded");
    }

    /**
     * Refuses an object that says more than some fields but not one that the others need.
     *
     * @param alone those that need nothing
     * @param missing the one that is needed
     * @throws IllegalArgumentException if there are others
     */
    public void refuseOthers(Set<String> alone, String missing) {
        Set<String> others = new TreeSet<>(json.keySet());
        others.removeAll(alone);
        if (!others.isEmpty()) {
            throw refusal(missing + " is missing, but there are " + others);
        }
    }

    /**
     * Makes the error of a value that is not known.
     *
     * @param field the name of the field
     * @param value its value
     * @param known the values that are
     * @return the error, not thrown
     */
    public IllegalArgumentException unknown(String field, String value, Set<String> known) {
        return refusal(
                field
                        + " '"
                        + value
                        + "' is not implemented; known: "
                        + String.join(", ", new TreeSet<>(known)));
    }

    /**
     * Makes the error of something that cannot be.
     *
     * @param why what, and how to mend it
     * @return the error, not thrown
     */
    public IllegalArgumentException refusal(String why) {
        return new IllegalArgumentException(where + ": " + why);
    }

    /**
     * Returns whether a field was asked for, there or not.
     *
     * @param field the name of the field
     * @return whether it was
     */
    public boolean wasAsked(String field) {
        return asked.contains(field);
    }

    /**
     * Returns a list of strings.
     *
     * @param field the name of the field
     * @return the strings
     * @throws IllegalArgumentException if it is missing or no such list
     */
    public List<String> texts(String field) {
        return list(field, JsonPrimitive::isString, "a list of strings").stream()
                .map(JsonElement::getAsString)
                .toList();
    }

    private List<JsonElement> list(String field, Predicate<JsonPrimitive> isOne, String expected) {
        JsonElement value = required(field);
        if (value.isJsonArray()) {
            List<JsonElement> elements = value.getAsJsonArray().asList();
            if (elements.stream()
                    .allMatch(e -> e.isJsonPrimitive() && isOne.test(e.getAsJsonPrimitive()))) {
                return elements;
            }
        }
        throw wrong(field, value, expected);
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
            throw refusal(field + " is missing");
        }
        return json.get(field);
    }

    private IllegalArgumentException wrong(String field, JsonElement value, String expected) {
        return refusal(field + " (" + value + ") must be " + expected);
    }
}

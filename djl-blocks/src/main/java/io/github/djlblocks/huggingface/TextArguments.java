package io.github.djlblocks.huggingface;

import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationOptionsBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Options of text as arguments with names, those of criteria, of {@code serving.properties} and of
 * requests. Names may be written as {@code topK} or {@code top_k}.
 */
final class TextArguments {

    /** Sets one option from a value. */
    @FunctionalInterface
    private interface Setter {

        void set(GenerationOptionsBuilder builder, String name, Object value);
    }

    private static final String STOP = "stop";
    private static final String MAX_NEW_TOKENS = "maxNewTokens";
    private static final Map<String, Setter> SETTERS = setters();

    private TextArguments() {}

    private static Map<String, Setter> setters() {
        Map<String, Setter> all = new LinkedHashMap<>();
        all.put(MAX_NEW_TOKENS, (b, name, v) -> b.setMaxNewTokens(whole(name, v)));
        all.put("minNewTokens", (b, name, v) -> b.optMinNewTokens(whole(name, v)));
        all.put("doSample", (b, name, v) -> b.optDoSample(flag(name, v)));
        all.put("temperature", (b, name, v) -> b.optTemperature(number(name, v)));
        all.put("topK", (b, name, v) -> b.optTopK(whole(name, v)));
        all.put("topP", (b, name, v) -> b.optTopP(number(name, v)));
        all.put("minP", (b, name, v) -> b.optMinP(number(name, v)));
        all.put("typicalP", (b, name, v) -> b.optTypicalP(number(name, v)));
        all.put("repetitionPenalty", (b, name, v) -> b.optRepetitionPenalty(number(name, v)));
        all.put("presencePenalty", (b, name, v) -> b.optPresencePenalty(number(name, v)));
        all.put("frequencyPenalty", (b, name, v) -> b.optFrequencyPenalty(number(name, v)));
        all.put("noRepeatNgramSize", (b, name, v) -> b.optNoRepeatNgramSize(whole(name, v)));
        all.put("numBeams", (b, name, v) -> b.optNumBeams(whole(name, v)));
        all.put("lengthPenalty", (b, name, v) -> b.optLengthPenalty(number(name, v)));
        all.put("adapter", (b, name, v) -> b.optAdapter(v.toString()));
        all.put("seed", (b, name, v) -> b.optSeed((long) number(name, v)));
        return all;
    }

    /**
     * Returns options changed by arguments. A temperature, topK, topP, minP or typicalP means
     * sampling unless {@code doSample} says no.
     *
     * @param strict whether an argument that is no option is an error
     */
    static TextOptions apply(TextOptions options, Map<String, ?> arguments, boolean strict) {
        GenerationOptionsBuilder builder = options.tokens().toBuilder();
        List<String> stops = new ArrayList<>(options.stopStrings());
        for (Map.Entry<String, ?> argument : arguments.entrySet()) {
            String name = camel(argument.getKey());
            @Nullable Object value = argument.getValue();
            Setter setter = SETTERS.get(name);
            if (value == null) {
                continue;
            }
            if (setter != null) {
                setter.set(builder, argument.getKey(), value);
                if (List.of("temperature", "topK", "topP", "minP", "typicalP").contains(name)
                        && !arguments.containsKey("doSample")
                        && !arguments.containsKey("do_sample")) {
                    builder.optDoSample(true);
                }
            } else if (name.equals(STOP)) {
                stops = strings(value);
            } else if (strict) {
                TreeSet<String> known = new TreeSet<>(SETTERS.keySet());
                known.add(STOP);
                throw new IllegalArgumentException(
                        "parameter '" + argument.getKey() + "' is not known; known: " + known);
            }
        }
        GenerationOptions tokens = builder.build();
        return options.withTokens(tokens).withStopStrings(stops.toArray(String[]::new));
    }

    /** Refuses values that no model could take. */
    static void check(Map<String, ?> arguments) {
        apply(TextOptions.of(GenerationOptions.of(1)), arguments, false);
    }

    static boolean setsLength(Map<String, ?> arguments) {
        return arguments.keySet().stream().anyMatch(name -> camel(name).equals(MAX_NEW_TOKENS));
    }

    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String part : name.split("_", -1)) {
            boolean first = camel.length() == 0 || part.isEmpty();
            camel.append(
                    first
                            ? part
                            : part.substring(0, 1).toUpperCase(Locale.ROOT) + part.substring(1));
        }
        return camel.toString();
    }

    private static List<String> strings(Object value) {
        List<String> strings = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(item -> strings.add(String.valueOf(item)));
        } else {
            strings.add(value.toString());
        }
        return strings;
    }

    private static double number(String name, Object value) {
        try {
            return Double.parseDouble(value.toString());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " (" + value + ") must be a number", e);
        }
    }

    private static int whole(String name, Object value) {
        double number = number(name, value);
        if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(name + " (" + value + ") must be a whole number");
        }
        return (int) number;
    }

    private static boolean flag(String name, Object value) {
        return switch (value.toString().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new IllegalArgumentException(
                            name + " (" + value + ") must be true or false");
        };
    }
}

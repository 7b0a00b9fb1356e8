package io.github.djlblocks.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which tensor of a checkpoint belongs to which parameter of a block.
 *
 * <p>A pattern is a name with placeholders: {@code {i}} stands for one or more characters other
 * than a dot, the same ones wherever {@code i} appears.
 *
 * <pre>{@code
 * WeightMap map = WeightMap.builder()
 *         .rename("model.embed_tokens.weight", "embedding.weight")
 *         .rename("model.layers.{i}.self_attn.{p}_proj.weight", "layers.{i}.attention.{p}.weight")
 *         .rename("lm_head.weight", "output.weight")
 *         .tie("output.weight", "model.embed_tokens.weight")
 *         .ignore("model.layers.{i}.self_attn.rotary_emb.inv_freq")
 *         .build();
 * }</pre>
 *
 * <p>A tensor that a pattern ignores is ignored even if another renames it; of several renaming
 * patterns that match, the first one counts. A tensor that none matches is unexpected.
 */
public final class WeightMap {

    private final List<Rule> rules;
    private final List<Pattern> ignored;
    private final Map<String, String> ties;

    private WeightMap(Builder builder) {
        this.rules = List.copyOf(builder.rules);
        this.ignored = List.copyOf(builder.ignored);
        this.ties = Collections.unmodifiableMap(new LinkedHashMap<>(builder.ties));
    }

    /**
     * Returns a map in which every tensor is named as its parameter.
     *
     * @return the map
     */
    public static WeightMap identity() {
        Builder builder = builder();
        builder.rules.add(new Rule(Pattern.compile("(?s)(?<name>.*)"), "{name}"));
        return builder.build();
    }

    /**
     * Starts a map.
     *
     * @return an empty builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the parameter that a tensor belongs to.
     *
     * @param tensor the name in the checkpoint
     * @return the path of the parameter; empty if the tensor is ignored or no pattern matches
     */
    public Optional<String> parameterPath(String tensor) {
        if (ignores(tensor)) {
            return Optional.empty();
        }
        return rules.stream().flatMap(rule -> rule.apply(tensor).stream()).findFirst();
    }

    /**
     * Returns whether a tensor is left out on purpose.
     *
     * @param tensor the name in the checkpoint
     * @return true if a pattern given to {@link Builder#ignore} matches
     */
    public boolean ignores(String tensor) {
        return ignored.stream().anyMatch(pattern -> pattern.matcher(tensor).matches());
    }

    /**
     * Returns the ties.
     *
     * @return parameter path to the tensor that fills it when the checkpoint has none of its own
     */
    public Map<String, String> ties() {
        return ties;
    }

    private record Rule(Pattern from, String to) {

        Optional<String> apply(String tensor) {
            Matcher matcher = from.matcher(tensor);
            if (!matcher.matches()) {
                return Optional.empty();
            }
            return Optional.of(
                    Builder.PLACEHOLDER
                            .matcher(to)
                            .replaceAll(
                                    place ->
                                            Matcher.quoteReplacement(
                                                    matcher.group(place.group(1)))));
        }
    }

    /** Collects the rules of a {@link WeightMap}. */
    public static final class Builder {

        private static final Pattern PLACEHOLDER = Pattern.compile("\\{([A-Za-z][A-Za-z0-9]*)}");

        private final List<Rule> rules = new ArrayList<>();
        private final List<Pattern> ignored = new ArrayList<>();
        private final Map<String, String> ties = new LinkedHashMap<>();

        private Builder() {}

        /**
         * Says where tensors belong.
         *
         * @param from the names in the checkpoint, a pattern
         * @param to the paths of the parameters, with placeholders of {@code from}
         * @return this builder
         * @throws IllegalArgumentException if {@code to} has a placeholder that {@code from} has
         *     not
         */
        public Builder rename(String from, String to) {
            Map<String, Integer> known = new HashMap<>();
            Pattern pattern = compile(from, known);
            Matcher places = PLACEHOLDER.matcher(to);
            while (places.find()) {
                if (!known.containsKey(places.group(1))) {
                    throw new IllegalArgumentException(
                            "'"
                                    + to
                                    + "' uses "
                                    + places.group()
                                    + ", which '"
                                    + from
                                    + "' does not have: use the same placeholder in both");
                }
            }
            rules.add(new Rule(pattern, to));
            return this;
        }

        /**
         * Fills a parameter from the tensor of another one, as tied embeddings want, if the
         * checkpoint has no tensor for it.
         *
         * @param parameterPath the path of the parameter
         * @param tensor the tensor to fill it from, by its name in the checkpoint
         * @return this builder
         * @throws IllegalArgumentException if the parameter is tied to something else already
         */
        public Builder tie(String parameterPath, String tensor) {
            String other = ties.putIfAbsent(parameterPath, tensor);
            if (other != null && !other.equals(tensor)) {
                throw new IllegalArgumentException(
                        "parameter '"
                                + parameterPath
                                + "' is tied to both '"
                                + other
                                + "' and '"
                                + tensor
                                + "': keep one");
            }
            return this;
        }

        /**
         * Leaves tensors out: they are no part of the model, such as precomputed buffers.
         *
         * @param pattern their names in the checkpoint, a pattern
         * @return this builder
         */
        public Builder ignore(String pattern) {
            ignored.add(compile(pattern, new HashMap<>()));
            return this;
        }

        /**
         * Builds the map.
         *
         * @return the map
         */
        public WeightMap build() {
            return new WeightMap(this);
        }

        private static Pattern compile(String pattern, Map<String, Integer> known) {
            StringBuilder regex = new StringBuilder();
            Matcher places = PLACEHOLDER.matcher(pattern);
            int end = 0;
            while (places.find()) {
                regex.append(Pattern.quote(pattern.substring(end, places.start())));
                String name = places.group(1);
                regex.append(
                        known.merge(name, 1, Integer::sum) == 1
                                ? "(?<" + name + ">[^.]+)"
                                : "\\k<" + name + ">");
                end = places.end();
            }
            regex.append(Pattern.quote(pattern.substring(end)));
            return Pattern.compile(regex.toString());
        }
    }
}

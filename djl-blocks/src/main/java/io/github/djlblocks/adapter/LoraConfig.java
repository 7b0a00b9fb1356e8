package io.github.djlblocks.adapter;

import io.github.djlblocks.internal.Checks;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Which linear maps of a model LoRA or DoRA adapts, and how: what PEFT calls {@code LoraConfig}.
 *
 * <p>Maps are called by their modules: those of the model's checkpoint where it is known which they
 * are ({@link Adapters#of(ai.djl.nn.Block, io.github.djlblocks.family.ModelDescription,
 * ai.djl.ndarray.NDManager)}), otherwise by the paths of the blocks.
 */
public final class LoraConfig {

    private final int rank;
    private final double alpha;
    private final double dropout;
    private final boolean rsLora;
    private final boolean dora;
    private final boolean loraBias;
    private final TargetModules targets;
    private final Map<String, Integer> rankPattern;
    private final Map<String, Double> alphaPattern;
    private final @Nullable String baseModel;
    private final @Nullable String taskType;

    private LoraConfig(Builder builder) {
        rank = rank("rank", builder.rank);
        alpha = Checks.positive("alpha", builder.alpha);
        dropout = Checks.rate("dropout", builder.dropout);
        rsLora = builder.rsLora;
        dora = builder.dora;
        loraBias = builder.loraBias;
        if (dora && loraBias) {
            throw new IllegalArgumentException(
                    "DoRA has no bias of its own: leave out optLoraBias, or optDora");
        }
        targets = builder.targets.build();
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(builder.rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(builder.alphaPattern));
        rankPattern.forEach((pattern, value) -> rank("rank of " + pattern, value));
        alphaPattern.forEach((pattern, value) -> Checks.positive("alpha of " + pattern, value));
        rankPattern.keySet().forEach(LoraConfig::suffix);
        alphaPattern.keySet().forEach(LoraConfig::suffix);
        baseModel = builder.baseModel;
        taskType = builder.taskType;
    }

    private static int rank(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") must be at least 1: it is how many rows A has");
        }
        return value;
    }

    /**
     * Starts a configuration.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the rank of maps that no pattern gives another.
     *
     * @return r
     */
    public int rank() {
        return rank;
    }

    /**
     * Returns the strength of maps that no pattern gives another.
     *
     * @return alpha
     */
    public double alpha() {
        return alpha;
    }

    /**
     * Returns how much of the input of an adapter is dropped in training.
     *
     * @return from 0 to below 1
     */
    public double dropout() {
        return dropout;
    }

    /**
     * Returns whether alpha is divided by the root of the rank.
     *
     * @return whether it is rsLoRA
     */
    public boolean isRsLora() {
        return rsLora;
    }

    /**
     * Returns whether rows of the weights have magnitudes of their own.
     *
     * @return whether it is DoRA
     */
    public boolean isDora() {
        return dora;
    }

    /**
     * Returns whether B has a bias.
     *
     * @return whether it has
     */
    public boolean hasLoraBias() {
        return loraBias;
    }

    /**
     * Returns the model the adapter is for, as far as it is said.
     *
     * @return a name or a path
     */
    public Optional<String> baseModel() {
        return Optional.ofNullable(baseModel);
    }

    /**
     * Returns what the adapted model does, as far as it is said.
     *
     * @return such as {@code CAUSAL_LM}
     */
    public Optional<String> taskType() {
        return Optional.ofNullable(taskType);
    }

    TargetModules targets() {
        return targets;
    }

    LoraSizes sizes(String module) {
        return new LoraSizes(
                patterned(rankPattern, module, rank),
                patterned(alphaPattern, module, alpha),
                rsLora);
    }

    private static <T> T patterned(Map<String, T> patterns, String module, T otherwise) {
        for (Map.Entry<String, T> pattern : patterns.entrySet()) {
            if (suffix(pattern.getKey()).matcher(module).matches()) {
                return pattern.getValue();
            }
        }
        return otherwise;
    }

    /** As PEFT matches the keys of its patterns. */
    private static Pattern suffix(String key) {
        return pattern("(.*\\.)?(" + key + ")", key);
    }

    static Pattern pattern(String regex, String shown) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "'" + shown + "' is no regular expression: " + e.getMessage(), e);
        }
    }

    /** Builds a {@link LoraConfig}. */
    public static final class Builder {

        private int rank = 8;
        private double alpha = 8;
        private double dropout;
        private boolean rsLora;
        private boolean dora;
        private boolean loraBias;
        private final TargetModules.Builder targets = new TargetModules.Builder();
        private Map<String, Integer> rankPattern = Map.of();
        private Map<String, Double> alphaPattern = Map.of();
        private @Nullable String baseModel;
        private @Nullable String taskType;

        private Builder() {}

        /**
         * Sets which maps are adapted: by the end of their names.
         *
         * @param names such as {@code q_proj}, whole parts of a name between dots
         * @return this builder
         */
        public Builder setTargets(String... names) {
            targets.names(List.of(names));
            return this;
        }

        /**
         * Sets which maps are adapted: by a regular expression.
         *
         * @param regex matches a whole name
         * @return this builder
         * @throws IllegalArgumentException if it is no regular expression
         */
        public Builder setTargetPattern(String regex) {
            targets.pattern(regex);
            return this;
        }

        /**
         * Adapts all linear maps but the head of tokens.
         *
         * @return this builder
         */
        public Builder setAllLinear() {
            targets.pattern(TargetModules.ALL_LINEAR);
            return this;
        }

        /**
         * Leaves maps out that are targets otherwise.
         *
         * @param names ends of names, as in {@link #setTargets}
         * @return this builder
         */
        public Builder optExcluded(String... names) {
            targets.excluded(List.of(names));
            return this;
        }

        /**
         * Leaves maps out that are targets otherwise.
         *
         * @param regex matches a whole name
         * @return this builder
         * @throws IllegalArgumentException if it is no regular expression
         */
        public Builder optExcludedPattern(String regex) {
            targets.excludedPattern(regex);
            return this;
        }

        /**
         * Adapts some layers only; with {@link #setTargets}.
         *
         * @param layers their indices
         * @return this builder
         */
        public Builder optLayers(Integer... layers) {
            targets.layers(List.of(layers));
            return this;
        }

        /**
         * Says which part of a name an index of a layer follows, any unless told.
         *
         * @param names regular expressions, such as {@code layers}
         * @return this builder
         */
        public Builder optLayersPattern(String... names) {
            targets.layersPattern(List.of(names));
            return this;
        }

        /**
         * Sets the rank, 8 by default.
         *
         * @param rank r, at least 1
         * @return this builder
         */
        public Builder optRank(int rank) {
            this.rank = rank;
            return this;
        }

        /**
         * Sets the strength, 8 by default: B A is multiplied by alpha / r.
         *
         * @param alpha above 0
         * @return this builder
         */
        public Builder optAlpha(double alpha) {
            this.alpha = alpha;
            return this;
        }

        /**
         * Gives some maps other ranks.
         *
         * @param ranks by regular expressions of the ends of names; the first that matches counts,
         *     so give a map that keeps its order
         * @return this builder
         */
        public Builder optRankPattern(Map<String, Integer> ranks) {
            rankPattern = new LinkedHashMap<>(ranks);
            return this;
        }

        /**
         * Gives some maps other strengths.
         *
         * @param alphas by regular expressions of the ends of names; the first that matches counts,
         *     so give a map that keeps its order
         * @return this builder
         */
        public Builder optAlphaPattern(Map<String, Double> alphas) {
            alphaPattern = new LinkedHashMap<>(alphas);
            return this;
        }

        /**
         * Drops inputs of the adapters in training, none by default.
         *
         * @param dropout from 0 to below 1
         * @return this builder
         */
        public Builder optDropout(double dropout) {
            this.dropout = dropout;
            return this;
        }

        /**
         * Divides alpha by the root of the rank (rsLoRA, arXiv 2312.03732), false by default.
         *
         * @param rsLora whether to
         * @return this builder
         */
        public Builder optRsLora(boolean rsLora) {
            this.rsLora = rsLora;
            return this;
        }

        /**
         * Gives rows of the weights magnitudes of their own (DoRA, arXiv 2402.09353), false by
         * default. The lengths of rows are computed in every pass: merge an adapter for speed.
         *
         * @param dora whether to
         * @return this builder
         */
        public Builder optDora(boolean dora) {
            this.dora = dora;
            return this;
        }

        /**
         * Gives B a bias, false by default.
         *
         * @param loraBias whether to
         * @return this builder
         */
        public Builder optLoraBias(boolean loraBias) {
            this.loraBias = loraBias;
            return this;
        }

        /**
         * Says which model it is for; written into files, and not checked.
         *
         * @param name {@code base_model_name_or_path}
         * @return this builder
         */
        public Builder optBaseModel(String name) {
            baseModel = name;
            return this;
        }

        /**
         * Says what the adapted model does; written into files.
         *
         * @param type {@code task_type}, such as {@code CAUSAL_LM}
         * @return this builder
         */
        public Builder optTaskType(String type) {
            taskType = type;
            return this;
        }

        /**
         * Builds the configuration.
         *
         * @return the configuration
         * @throws IllegalArgumentException if there are no targets, or a number is out of range
         */
        public LoraConfig build() {
            return new LoraConfig(this);
        }
    }
}

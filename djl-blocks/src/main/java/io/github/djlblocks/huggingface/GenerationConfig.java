package io.github.djlblocks.huggingface;

import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.generate.EarlyStopping;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationOptionsBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code generation_config.json} says: the options of a model where the caller gives none.
 * Fields that change the text and are not implemented are refused by name; of unknown ones a
 * warning names them.
 */
final class GenerationConfig {

    static final String FILE = "generation_config.json";

    private static final Logger LOGGER = LoggerFactory.getLogger(GenerationConfig.class);

    /** What transformers draws from unless the file says otherwise. */
    private static final long DEFAULT_TOP_K = 50;

    /** Fields that change the text, and the values with which they do not. */
    private static final Map<String, List<Object>> REFUSED = refused();

    /** Fields that say how something is computed or returned, not what. */
    private static final Set<String> HARMLESS =
            Set.of(
                    "_from_model_config",
                    "transformers_version",
                    "bos_token_id",
                    "use_cache",
                    "cache_implementation",
                    "cache_config",
                    "return_legacy_cache",
                    "return_dict_in_generate",
                    "output_scores",
                    "output_logits",
                    "output_attentions",
                    "output_hidden_states",
                    "low_memory",
                    "prefill_chunk_size",
                    "compile_config",
                    "disable_compile",
                    "is_assistant",
                    "num_assistant_tokens",
                    "num_assistant_tokens_schedule",
                    "assistant_confidence_threshold",
                    "assistant_early_exit",
                    "assistant_lookbehind",
                    "target_lookbehind",
                    "prompt_lookup_num_tokens",
                    "max_matching_ngram_size",
                    "remove_invalid_values",
                    "generation_kwargs",
                    "trust_remote_code",
                    "chat_format");

    /** Fields of config.json that are about generation. */
    private static final Set<String> OF_MODEL =
            Set.of(
                    "max_length",
                    "min_length",
                    "do_sample",
                    "early_stopping",
                    "num_beams",
                    "num_beam_groups",
                    "diversity_penalty",
                    "temperature",
                    "top_k",
                    "top_p",
                    "typical_p",
                    "repetition_penalty",
                    "length_penalty",
                    "no_repeat_ngram_size",
                    "encoder_no_repeat_ngram_size",
                    "bad_words_ids",
                    "num_return_sequences",
                    "exponential_decay_length_penalty",
                    "suppress_tokens",
                    "begin_suppress_tokens",
                    "forced_bos_token_id",
                    "forced_eos_token_id",
                    "decoder_start_token_id",
                    "eos_token_id",
                    "pad_token_id");

    private final GenerationFields fields;
    private final GenerationOptions options;
    private final Set<Long> decoderStart;
    private final List<String> stopStrings;

    private GenerationConfig(GenerationFields fields, int contextLength, Set<Long> endTokens) {
        this.fields = fields;
        decoderStart = fields.tokens("decoder_start_token_id", Set.of());
        options = read(contextLength, endTokens);
        stopStrings = fields.texts("stop_strings");
        fields.others()
                .forEach(
                        (name, value) -> {
                            List<Object> neutral = REFUSED.get(name);
                            if (neutral != null) {
                                fields.requireOneOf(name, value, neutral);
                            } else if (!HARMLESS.contains(name)) {
                                LOGGER.warn(
                                        "{}: {} is not known and not applied",
                                        fields.where(),
                                        name);
                            }
                        });
    }

    private static Map<String, List<Object>> refused() {
        Map<String, List<Object>> refused = new HashMap<>();
        refused.put("num_beam_groups", List.of(1L));
        refused.put("diversity_penalty", List.of(0.0));
        refused.put("epsilon_cutoff", List.of(0.0));
        refused.put("eta_cutoff", List.of(0.0));
        refused.put("encoder_repetition_penalty", List.of(1.0));
        refused.put("encoder_no_repeat_ngram_size", List.of(0L));
        refused.put("penalty_alpha", List.of(0.0));
        refused.put("guidance_scale", List.of(1.0));
        refused.put("renormalize_logits", List.of(false));
        refused.put("token_healing", List.of(false));
        for (String never :
                List.of(
                        "max_time",
                        "top_h",
                        "dola_layers",
                        "constraints",
                        "force_words_ids",
                        "forced_decoder_ids",
                        "watermarking_config",
                        "exponential_decay_length_penalty")) {
            refused.put(never, List.of());
        }
        return refused;
    }

    /**
     * Reads the file of a directory.
     *
     * @param contextLength how long a text may be where the file sets no length
     * @param endTokens those of the model where the file names none
     */
    static GenerationConfig of(Path directory, int contextLength, Set<Long> endTokens)
            throws IOException {
        Path file = directory.resolve(FILE);
        Map<String, @Nullable Object> json =
                Files.isRegularFile(file) ? JsonValues.read(file) : new LinkedHashMap<>();
        return new GenerationConfig(
                new GenerationFields(file.toString(), json), contextLength, endTokens);
    }

    /**
     * Reads the file of a directory; where there is none, the same fields of config.json, as the
     * reference does.
     */
    static GenerationConfig ofSeq2Seq(
            Path directory, int contextLength, ModelDescription description) throws IOException {
        Path file = directory.resolve(FILE);
        if (Files.isRegularFile(file)) {
            return of(directory, contextLength, description.endTokens());
        }
        file = directory.resolve(HuggingFaceModels.CONFIG_FILE);
        Map<String, @Nullable Object> json = new LinkedHashMap<>(JsonValues.read(file));
        json.keySet().retainAll(OF_MODEL);
        description
                .seq2Seq()
                .ifPresent(
                        model -> {
                            model.forcedFirst()
                                    .ifPresent(id -> json.putIfAbsent("forced_bos_token_id", id));
                            model.forcedLast()
                                    .ifPresent(id -> json.putIfAbsent("forced_eos_token_id", id));
                        });
        return new GenerationConfig(
                new GenerationFields(file.toString(), json),
                contextLength,
                description.endTokens());
    }

    /** What the decoder starts from: the token of the file, or those of the model. */
    long[] decoderStart(List<Long> ofModel) {
        List<Long> tokens = decoderStart.isEmpty() ? ofModel : List.copyOf(decoderStart);
        if (tokens.isEmpty()) {
            throw new IllegalArgumentException(
                    fields.where()
                            + ": decoder_start_token_id is missing: the decoder needs a token to"
                            + " start from, such as that of a language");
        }
        return tokens.stream().mapToLong(Long::longValue).toArray();
    }

    TextOptions textOptions() {
        return new TextOptions(options, stopStrings, true, true);
    }

    private GenerationOptions read(int contextLength, Set<Long> endTokens) {
        GenerationOptionsBuilder builder = GenerationOptions.builder();
        long maxLength = fields.whole("max_length", contextLength);
        long maxNewTokens = fields.whole("max_new_tokens", 0);
        if (maxNewTokens > 0) {
            builder.setMaxNewTokens((int) maxNewTokens);
        } else {
            builder.setMaxLength((int) Math.max(2, Math.min(maxLength, contextLength)));
        }
        boolean sample = fields.flag("do_sample", false);
        builder.optDoSample(sample)
                .optMinNewTokens((int) fields.whole("min_new_tokens", 0))
                .optMinLength((int) fields.whole("min_length", 0))
                .optTopK((int) fields.whole("top_k", sample ? DEFAULT_TOP_K : 0))
                .optRepetitionPenalty(fields.number("repetition_penalty", 1))
                .optNoRepeatNgramSize((int) fields.whole("no_repeat_ngram_size", 0))
                .optNumBeams((int) fields.whole("num_beams", 1))
                .optNumReturnSequences((int) fields.whole("num_return_sequences", 1))
                .optLengthPenalty(fields.number("length_penalty", 1))
                .optEarlyStopping(earlyStopping())
                .optSuppressTokens(fields.tokens("suppress_tokens", Set.of()))
                .optBeginSuppressTokens(fields.tokens("begin_suppress_tokens", Set.of()))
                .optBadWords(fields.runs("bad_words_ids"))
                .optLogitBias(bias());
        double temperature = fields.number("temperature", 1);
        double topP = fields.number("top_p", 1);
        double minP = fields.number("min_p", 0);
        double typicalP = fields.number("typical_p", 1);
        if (sample) {
            // Without sampling transformers does not read them, and some files hold a 0 then.
            builder.optTemperature(temperature).optTopP(topP).optMinP(minP).optTypicalP(typicalP);
        }
        fields.tokens("forced_bos_token_id", Set.of()).forEach(builder::optForcedBosToken);
        fields.tokens("forced_eos_token_id", Set.of()).forEach(builder::optForcedEosToken);
        Set<Long> ends = fields.tokens("eos_token_id", Set.of());
        builder.optEndTokens(ends.isEmpty() ? endTokens : ends);
        fields.tokens("pad_token_id", Set.of()).forEach(builder::optPadToken);
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(fields.where() + ": " + e.getMessage(), e);
        }
    }

    private EarlyStopping earlyStopping() {
        Object value = fields.take("early_stopping");
        if (value == null || value.equals(false)) {
            return EarlyStopping.HEURISTIC;
        }
        if (value.equals("never")) {
            return EarlyStopping.NEVER;
        }
        if (value.equals(true)) {
            return EarlyStopping.WHEN_FULL;
        }
        throw fields.wrong("early_stopping", value, "true, false or \"never\"");
    }

    /** A list of pairs of a token, as a list of one, and what is added to its logit. */
    private Map<Long, Double> bias() {
        Map<Long, Double> bias = new HashMap<>();
        Object value = fields.take("sequence_bias");
        if (value == null) {
            return bias;
        }
        List<?> pairs = value instanceof List<?> list ? new ArrayList<>(list) : List.of(value);
        for (Object pair : pairs) {
            if (pair instanceof List<?> both
                    && both.size() == 2
                    && both.get(0) instanceof List<?> tokens
                    && tokens.size() == 1
                    && tokens.get(0) instanceof Long token
                    && both.get(1) instanceof Number amount) {
                bias.put(token, amount.doubleValue());
            } else {
                throw fields.wrong(
                        "sequence_bias",
                        value,
                        "a list of pairs [[token], bias]: runs of several tokens are not"
                                + " implemented");
            }
        }
        return bias;
    }
}

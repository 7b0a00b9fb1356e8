package io.github.djlblocks.generate;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What is generated and when it stops: the names and meanings of Hugging Face {@code
 * GenerationConfig}.
 *
 * <p>Logits are changed in this order: {@code logitBias}, {@code repetitionPenalty}, {@code
 * presencePenalty} and {@code frequencyPenalty}, {@code noRepeatNgramSize}, {@code badWords},
 * {@code minLength}, {@code minNewTokens}, {@code forcedBosToken}, {@code forcedEosToken}, {@code
 * suppressTokens}, {@code beginSuppressTokens}; then, if {@code doSample}, {@code temperature},
 * {@code topK}, {@code topP}, {@code minP}, {@code typicalP}. Padding of a short prompt is not part
 * of it.
 */
public final class GenerationOptions {

    private final OptionValues values;

    GenerationOptions(OptionValues values) {
        this.values = values;
    }

    /**
     * Returns a builder.
     *
     * @return a new builder; {@code setMaxNewTokens} or {@code setMaxLength} is required
     */
    public static GenerationOptionsBuilder builder() {
        return new GenerationOptionsBuilder(new OptionValues());
    }

    /**
     * Returns options of greedy decoding without end tokens: generation stops at the count or at
     * the end of the context.
     *
     * @param maxNewTokens the most tokens to generate
     * @return the options
     */
    public static GenerationOptions of(int maxNewTokens) {
        return builder().setMaxNewTokens(maxNewTokens).build();
    }

    /**
     * Returns a builder that starts from these options.
     *
     * @return a new builder
     */
    public GenerationOptionsBuilder toBuilder() {
        return new GenerationOptionsBuilder(new OptionValues(values));
    }

    /**
     * Returns these options with another count, in place of a maximal length.
     *
     * @param count the most tokens to generate
     * @return the options
     */
    public GenerationOptions withMaxNewTokens(int count) {
        return toBuilder().setMaxNewTokens(count).build();
    }

    /**
     * Returns these options with other end tokens.
     *
     * @param tokens tokens that end a sequence
     * @return the options
     */
    public GenerationOptions withEndTokens(Set<Long> tokens) {
        return toBuilder().optEndTokens(tokens).build();
    }

    /**
     * Returns these options with another pad token, 0 by default.
     *
     * @param token what a finished row of a batch is filled up with
     * @return the options
     */
    public GenerationOptions withPadToken(long token) {
        return toBuilder().optPadToken(token).build();
    }

    /**
     * Returns these options with an adapter of the model.
     *
     * @param name the name of an adapter
     * @return the options
     */
    public GenerationOptions withAdapter(String name) {
        return toBuilder().optAdapter(name).build();
    }

    /** {@return the most tokens to generate, 0 if only {@link #maxLength} is set} */
    public int maxNewTokens() {
        return values.maxNewTokens;
    }

    /**
     * {@return the most tokens of prompt and output together, 0 if {@link #maxNewTokens} is set}
     */
    public int maxLength() {
        return values.maxLength;
    }

    /** {@return how many tokens are generated before an end token may come} */
    public int minNewTokens() {
        return values.minNewTokens;
    }

    /** {@return how many tokens prompt and output have together before an end token may come} */
    public int minLength() {
        return values.minLength;
    }

    /**
     * Returns whether tokens are drawn at random; if not, the likeliest is taken.
     *
     * @return true to sample
     */
    public boolean doSample() {
        return values.doSample;
    }

    /** {@return what logits are divided by} */
    public double temperature() {
        return values.temperature;
    }

    /** {@return how many of the largest logits may be drawn, 0 for all} */
    public int topK() {
        return values.topK;
    }

    /**
     * {@return the probability that the likeliest tokens together must reach to be the only ones
     * drawn}
     */
    public double topP() {
        return values.topP;
    }

    /** {@return the share of the largest probability below which no token is drawn} */
    public double minP() {
        return values.minP;
    }

    /**
     * {@return the probability that the most typical tokens together must reach to be the only ones
     * drawn}
     */
    public double typicalP() {
        return values.typicalP;
    }

    /**
     * {@return what the logit of a token that occurred is divided by, or multiplied if negative}
     */
    public double repetitionPenalty() {
        return values.repetitionPenalty;
    }

    /** {@return what is subtracted from the logit of a token that was generated} */
    public double presencePenalty() {
        return values.presencePenalty;
    }

    /** {@return what is subtracted from the logit of a token for each time it was generated} */
    public double frequencyPenalty() {
        return values.frequencyPenalty;
    }

    /** {@return the length of the runs of tokens that may come once only, 0 for none} */
    public int noRepeatNgramSize() {
        return values.noRepeatNgramSize;
    }

    /** {@return what is added to the logits of tokens} */
    public Map<Long, Double> logitBias() {
        return values.logitBias;
    }

    /** {@return tokens that never come} */
    public Set<Long> suppressTokens() {
        return values.suppressTokens;
    }

    /** {@return tokens that do not come first} */
    public Set<Long> beginSuppressTokens() {
        return values.beginSuppressTokens;
    }

    /** {@return runs of tokens that never come} */
    public List<List<Long>> badWords() {
        return values.badWords;
    }

    /** {@return runs of new tokens that end a sequence} */
    public List<List<Long>> stopSequences() {
        return values.stopSequences;
    }

    /** {@return the token that comes second in a sequence, if one is forced} */
    public OptionalLong forcedBosToken() {
        return values.forcedBosToken;
    }

    /** {@return the token that comes last where the length is reached, if one is forced} */
    public OptionalLong forcedEosToken() {
        return values.forcedEosToken;
    }

    /** {@return how many beams are searched, 1 for no beam search} */
    public int numBeams() {
        return values.numBeams;
    }

    /** {@return the power of the length that the score of a beam is divided by} */
    public double lengthPenalty() {
        return values.lengthPenalty;
    }

    /** {@return when a beam search ends} */
    public EarlyStopping earlyStopping() {
        return values.earlyStopping;
    }

    /** {@return how many sequences a prompt gives} */
    public int numReturnSequences() {
        return values.numReturnSequences;
    }

    /** {@return tokens that end a sequence; they are part of the output} */
    public Set<Long> endTokens() {
        return values.endTokens;
    }

    /** {@return what a finished row of a batch is filled up with} */
    public long padToken() {
        return values.padToken;
    }

    /** {@return the seed of sampling, if there is one} */
    public OptionalLong seed() {
        return values.seed;
    }

    /** {@return the adapter of the model that applies, if one does} */
    public Optional<String> adapter() {
        return values.adapter;
    }

    /** {@return how many of the likeliest tokens are reported at each step, if any are} */
    public OptionalInt logProbabilities() {
        return values.logProbabilities;
    }
}

package io.github.djlblocks.generate;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Builds {@link GenerationOptions}. Values are checked by {@link #build}. */
public final class GenerationOptionsBuilder {

    private final OptionValues values;

    GenerationOptionsBuilder(OptionValues values) {
        this.values = values;
    }

    /**
     * Sets the most tokens to generate, in place of a maximal length.
     *
     * @param count at least 1
     * @return this builder
     */
    public GenerationOptionsBuilder setMaxNewTokens(int count) {
        values.maxNewTokens = count;
        values.maxLength = 0;
        return this;
    }

    /**
     * Sets the most tokens of prompt and output together, in place of a number of new ones. In a
     * batch the longest prompt counts; of an encoder-decoder, the tokens of the decoder.
     *
     * @param length at least 2
     * @return this builder
     */
    public GenerationOptionsBuilder setMaxLength(int length) {
        values.maxLength = length;
        values.maxNewTokens = 0;
        return this;
    }

    /**
     * Sets how many tokens are generated before an end token may come, 0 by default.
     *
     * @param count at least 0, at most maxNewTokens
     * @return this builder
     */
    public GenerationOptionsBuilder optMinNewTokens(int count) {
        values.minNewTokens = count;
        return this;
    }

    /**
     * Sets how many tokens prompt and output have together before an end token may come, 0 by
     * default.
     *
     * @param length at least 0, at most maxLength
     * @return this builder
     */
    public GenerationOptionsBuilder optMinLength(int length) {
        values.minLength = length;
        return this;
    }

    /**
     * Sets whether tokens are drawn at random, false by default: the likeliest is taken, and {@code
     * temperature}, {@code topK}, {@code topP}, {@code minP} and {@code typicalP} are not read.
     *
     * @param sample whether to sample
     * @return this builder
     */
    public GenerationOptionsBuilder optDoSample(boolean sample) {
        values.doSample = sample;
        return this;
    }

    /**
     * Sets what logits are divided by before a token is drawn, 1 by default.
     *
     * @param temperature above 0; below 1 favours likely tokens
     * @return this builder
     */
    public GenerationOptionsBuilder optTemperature(double temperature) {
        values.temperature = temperature;
        return this;
    }

    /**
     * Sets how many of the largest logits may be drawn; those equal to the last of them may be too.
     * 0, the default, for all; a Hugging Face configuration that does not name it means 50.
     *
     * @param count at least 0
     * @return this builder
     */
    public GenerationOptionsBuilder optTopK(int count) {
        values.topK = count;
        return this;
    }

    /**
     * Draws from the fewest likeliest tokens whose probability together reaches a share (nucleus
     * sampling, arXiv 1904.09751), 1 by default.
     *
     * @param share above 0, at most 1
     * @return this builder
     */
    public GenerationOptionsBuilder optTopP(double share) {
        values.topP = share;
        return this;
    }

    /**
     * Sets the share of the largest probability below which no token is drawn (arXiv 2407.01082), 0
     * by default.
     *
     * @param share from 0 to 1
     * @return this builder
     */
    public GenerationOptionsBuilder optMinP(double share) {
        values.minP = share;
        return this;
    }

    /**
     * Draws from the fewest tokens of most typical surprise whose probability together reaches a
     * share (arXiv 2202.00666), 1 by default.
     *
     * @param share above 0, at most 1
     * @return this builder
     */
    public GenerationOptionsBuilder optTypicalP(double share) {
        values.typicalP = share;
        return this;
    }

    /**
     * Sets what the logit of a token that occurred in prompt or output is divided by, or multiplied
     * if it is negative (arXiv 1909.05858), 1 by default. The prompt of an encoder-decoder is not
     * counted, only what its decoder read.
     *
     * @param penalty above 0; above 1 discourages repetition
     * @return this builder
     */
    public GenerationOptionsBuilder optRepetitionPenalty(double penalty) {
        values.repetitionPenalty = penalty;
        return this;
    }

    /**
     * Sets what is subtracted from the logit of a token that was generated, as in the API of
     * OpenAI, 0 by default.
     *
     * @param penalty a finite number
     * @return this builder
     */
    public GenerationOptionsBuilder optPresencePenalty(double penalty) {
        values.presencePenalty = penalty;
        return this;
    }

    /**
     * Sets what is subtracted from the logit of a token for each time it was generated, as in the
     * API of OpenAI, 0 by default.
     *
     * @param penalty a finite number
     * @return this builder
     */
    public GenerationOptionsBuilder optFrequencyPenalty(double penalty) {
        values.frequencyPenalty = penalty;
        return this;
    }

    /**
     * Sets the length of the runs of tokens, in prompt and output, that may come once only; 0, the
     * default, for none.
     *
     * @param size at least 0
     * @return this builder
     */
    public GenerationOptionsBuilder optNoRepeatNgramSize(int size) {
        values.noRepeatNgramSize = size;
        return this;
    }

    /**
     * Sets what is added to the logits of tokens, nothing by default.
     *
     * @param bias by token; negative infinity forbids it
     * @return this builder
     */
    public GenerationOptionsBuilder optLogitBias(Map<Long, Double> bias) {
        values.logitBias = bias;
        return this;
    }

    /**
     * Sets tokens that never come, none by default.
     *
     * @param tokens token ids
     * @return this builder
     */
    public GenerationOptionsBuilder optSuppressTokens(Set<Long> tokens) {
        values.suppressTokens = tokens;
        return this;
    }

    /**
     * Sets tokens that do not come first, none by default; after a forced first token, not second.
     *
     * @param tokens token ids
     * @return this builder
     */
    public GenerationOptionsBuilder optBeginSuppressTokens(Set<Long> tokens) {
        values.beginSuppressTokens = tokens;
        return this;
    }

    /**
     * Sets runs of tokens that never come, none by default. An end token alone is not forbidden
     * this way.
     *
     * @param words at least one token each
     * @return this builder
     */
    public GenerationOptionsBuilder optBadWords(List<List<Long>> words) {
        values.badWords = words;
        return this;
    }

    /**
     * Sets runs of new tokens that end a sequence, none by default; they are part of the output.
     *
     * @param sequences at least one token each
     * @return this builder
     */
    public GenerationOptionsBuilder optStopSequences(List<List<Long>> sequences) {
        values.stopSequences = sequences;
        return this;
    }

    /**
     * Forces the token that comes second in a sequence: the first after the start token of a
     * decoder. None by default.
     *
     * @param token a token id
     * @return this builder
     */
    public GenerationOptionsBuilder optForcedBosToken(long token) {
        values.forcedBosToken = OptionalLong.of(token);
        return this;
    }

    /**
     * Forces the token that comes last where the length is reached, none by default.
     *
     * @param token a token id
     * @return this builder
     */
    public GenerationOptionsBuilder optForcedEosToken(long token) {
        values.forcedEosToken = OptionalLong.of(token);
        return this;
    }

    /**
     * Sets how many beams are searched, 1 by default: no beam search.
     *
     * @param beams at least 1
     * @return this builder
     */
    public GenerationOptionsBuilder optNumBeams(int beams) {
        values.numBeams = beams;
        return this;
    }

    /**
     * Sets the power of the length that the score of a beam is divided by, 1 by default.
     *
     * @param penalty a finite number; above 0 favours long sequences
     * @return this builder
     */
    public GenerationOptionsBuilder optLengthPenalty(double penalty) {
        values.lengthPenalty = penalty;
        return this;
    }

    /**
     * Sets when a beam search ends, {@link EarlyStopping#HEURISTIC} by default.
     *
     * @param stopping when
     * @return this builder
     */
    public GenerationOptionsBuilder optEarlyStopping(EarlyStopping stopping) {
        values.earlyStopping = stopping;
        return this;
    }

    /**
     * Sets how many sequences a prompt gives, 1 by default: the best beams, or as many samples.
     *
     * @param count at least 1; at most the number of beams unless sampling
     * @return this builder
     */
    public GenerationOptionsBuilder optNumReturnSequences(int count) {
        values.numReturnSequences = count;
        return this;
    }

    /**
     * Sets the tokens that end a sequence, none by default; they are part of the output.
     *
     * @param tokens token ids
     * @return this builder
     */
    public GenerationOptionsBuilder optEndTokens(Set<Long> tokens) {
        values.endTokens = tokens;
        return this;
    }

    /**
     * Sets the adapter of the model that applies, none by default; a draft model guesses without.
     *
     * @param name the name of an adapter
     * @return this builder
     */
    public GenerationOptionsBuilder optAdapter(String name) {
        values.adapter = Optional.of(name);
        return this;
    }

    /**
     * Sets what a finished row of a batch, and a short prompt, is filled up with, 0 by default.
     *
     * @param token a token id
     * @return this builder
     */
    public GenerationOptionsBuilder optPadToken(long token) {
        values.padToken = token;
        return this;
    }

    /**
     * Sets the seed of sampling: the same seed gives the same tokens. By default each generation
     * draws its own.
     *
     * @param seed any number
     * @return this builder
     */
    public GenerationOptionsBuilder optSeed(long seed) {
        values.seed = OptionalLong.of(seed);
        return this;
    }

    /**
     * Reports at each step the log-probability the model gave to the token that came, and to the
     * likeliest ones. None by default.
     *
     * @param count how many of the likeliest, at least 0
     * @return this builder
     */
    public GenerationOptionsBuilder optLogProbabilities(int count) {
        values.logProbabilities = OptionalInt.of(count);
        return this;
    }

    /**
     * Builds the options.
     *
     * @return the options
     * @throws IllegalArgumentException naming the value that cannot be, and the fix
     */
    public GenerationOptions build() {
        OptionChecks.check(values);
        return new GenerationOptions(new OptionValues(values));
    }
}

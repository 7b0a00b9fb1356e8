package io.github.djlblocks.training;

import io.github.djlblocks.internal.Checks;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Hides tokens for a masked language model: each token is chosen with some probability, 15 % by
 * default; of the chosen ones 80 % become the mask token, 10 % a random one, 10 % stay.
 *
 * <p>The label of a chosen token is the token itself, that of any other {@link
 * MaskedCrossEntropyLoss#IGNORED}. Special tokens are never chosen. A random token may be any of
 * the vocabulary. Numbers are drawn in Java, so a seed gives the same masks on every engine.
 *
 * <p>Devlin et al., arXiv 1810.04805, section 3.1; as {@code DataCollatorForLanguageModeling} of
 * Hugging Face transformers.
 */
public final class TokenMasking {

    private final long maskToken;
    private final int vocabularySize;
    private final double probability;
    private final double maskShare;
    private final double randomShare;
    private final long[] specialTokens;
    private final long seed;

    private TokenMasking(Builder builder) {
        vocabularySize = Checks.positive("vocabularySize", builder.vocabularySize);
        if (builder.maskToken == null) {
            throw new IllegalArgumentException("the mask token is missing: call setMaskToken");
        }
        maskToken = inVocabulary("maskToken", builder.maskToken);
        specialTokens = builder.specialTokens.clone();
        for (long token : specialTokens) {
            inVocabulary("special token", token);
        }
        Arrays.sort(specialTokens);
        probability = share("probability", builder.probability);
        maskShare = share("maskShare", builder.maskShare);
        randomShare = share("randomShare", builder.randomShare);
        if (maskShare + randomShare > 1) {
            throw new IllegalArgumentException(
                    "maskShare ("
                            + maskShare
                            + ") and randomShare ("
                            + randomShare
                            + ") must not sum to more than 1: the rest stays as it is");
        }
        seed = builder.seed;
    }

    private long inVocabulary(String name, long token) {
        if (token < 0 || token >= vocabularySize) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + token
                            + ") must be one of the vocabulary, 0 to "
                            + (vocabularySize - 1));
        }
        return token;
    }

    private static double share(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " (" + value + ") must be from 0 to 1");
        }
        return value;
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Hides tokens of a sequence. The same seed, sequence number and round hide the same ones.
     *
     * @param tokens the sequence, without padding; left as it is
     * @param sequence its number in the data
     * @param round how often it was masked before, so that each epoch hides others
     * @return what to read and what to predict
     */
    public Masked apply(long[] tokens, long sequence, long round) {
        SplittableRandom random = new SplittableRandom(mix(mix(mix(seed) + sequence) + round));
        long[] masked = tokens.clone();
        long[] labels = new long[tokens.length];
        Arrays.fill(labels, MaskedCrossEntropyLoss.IGNORED);
        for (int i = 0; i < tokens.length; i++) {
            if (Arrays.binarySearch(specialTokens, tokens[i]) >= 0
                    || random.nextDouble() >= probability) {
                continue;
            }
            labels[i] = tokens[i];
            double fate = random.nextDouble();
            if (fate < maskShare) {
                masked[i] = maskToken;
            } else if (fate < maskShare + randomShare) {
                masked[i] = random.nextInt(vocabularySize);
            }
        }
        return new Masked(masked, labels);
    }

    /** The finaliser of MurmurHash3: seeds that differ in one bit give unrelated streams. */
    private static long mix(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
        z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return z ^ (z >>> 33);
    }

    /**
     * A sequence with tokens hidden.
     *
     * @param tokens what the model reads
     * @param labels what it is to predict, {@link MaskedCrossEntropyLoss#IGNORED} where nothing
     */
    @SuppressWarnings("ArrayRecordComponent") // made for one batch, and read once
    public record Masked(long[] tokens, long[] labels) {}

    /** Builds a {@link TokenMasking}. */
    public static final class Builder {

        private @Nullable Long maskToken;
        private int vocabularySize;
        private double probability = 0.15;
        private double maskShare = 0.8;
        private double randomShare = 0.1;
        private long[] specialTokens = {};
        private long seed;

        private Builder() {}

        /**
         * Sets what a hidden token becomes.
         *
         * @param maskToken the id of {@code [MASK]}
         * @return this builder
         */
        public Builder setMaskToken(long maskToken) {
            this.maskToken = maskToken;
            return this;
        }

        /**
         * Sets how many tokens there are.
         *
         * @param vocabularySize V
         * @return this builder
         */
        public Builder setVocabularySize(int vocabularySize) {
            this.vocabularySize = vocabularySize;
            return this;
        }

        /**
         * Sets how likely a token is to be chosen, 0.15 by default.
         *
         * @param probability from 0 to 1
         * @return this builder
         */
        public Builder optProbability(double probability) {
            this.probability = probability;
            return this;
        }

        /**
         * Sets which share of the chosen tokens becomes the mask token, 0.8 by default.
         *
         * @param maskShare from 0 to 1
         * @return this builder
         */
        public Builder optMaskShare(double maskShare) {
            this.maskShare = maskShare;
            return this;
        }

        /**
         * Sets which share of the chosen tokens becomes a random one, 0.1 by default.
         *
         * @param randomShare from 0 to 1 minus the share of the mask token
         * @return this builder
         */
        public Builder optRandomShare(double randomShare) {
            this.randomShare = randomShare;
            return this;
        }

        /**
         * Sets the tokens that are never chosen, none by default.
         *
         * @param specialTokens their ids, as of {@code [CLS]} and {@code [SEP]}
         * @return this builder
         */
        public Builder optSpecialTokens(long... specialTokens) {
            this.specialTokens = specialTokens.clone();
            return this;
        }

        /**
         * Sets the seed, 0 by default.
         *
         * @param seed any number
         * @return this builder
         */
        public Builder optSeed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * Builds it.
         *
         * @return the masking
         * @throws IllegalArgumentException if something is missing or out of range
         */
        public TokenMasking build() {
            return new TokenMasking(this);
        }
    }
}

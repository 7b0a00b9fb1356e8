package io.github.djlblocks.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.util.Progress;
import io.github.djlblocks.internal.Checks;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Sequences to train a masked language model with: a {@link TokenMasking} of each, another one each
 * time it is read.
 *
 * <p>Data of a batch: token ids (B, S) and attention mask (B, S), 1 where a token stands; label:
 * (B, S), {@link MaskedCrossEntropyLoss#IGNORED} where nothing is to be predicted. All INT64. S is
 * the length of the longest sequence of the batch, or a fixed one. What is masked depends on the
 * seed of the masking, on the sequence and on how often it was read, not on the order of reading or
 * on the number of threads.
 */
public final class MaskedLanguageModelDataset extends RandomAccessDataset {

    private final List<long[]> sequences;
    private final TokenMasking masking;
    private final AtomicLongArray rounds;

    private MaskedLanguageModelDataset(Builder builder, TokenMasking masking) {
        super(builder);
        this.masking = masking;
        sequences = builder.sequences.stream().map(long[]::clone).toList();
        rounds = new AtomicLongArray(sequences.size());
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Record get(NDManager manager, long index) {
        int at = Math.toIntExact(index);
        long[] tokens = sequences.get(at);
        TokenMasking.Masked masked = masking.apply(tokens, at, rounds.getAndIncrement(at));
        long[] attentionMask = new long[tokens.length];
        Arrays.fill(attentionMask, 1);
        return new Record(
                new NDList(manager.create(masked.tokens()), manager.create(attentionMask)),
                new NDList(manager.create(masked.labels())));
    }

    @Override
    protected long availableSize() {
        return sequences.size();
    }

    @Override
    public void prepare(@Nullable Progress progress) {}

    /** Builds a {@link MaskedLanguageModelDataset}; {@code setSampling} sets the batch size. */
    public static final class Builder extends BaseBuilder<Builder> {

        private List<long[]> sequences = List.of();
        private @Nullable TokenMasking masking;
        private @Nullable Long padToken;
        private int length;

        private Builder() {}

        /**
         * Sets the sequences.
         *
         * @param sequences token ids with their special tokens, without padding
         * @return this builder
         */
        public Builder setSequences(List<long[]> sequences) {
            this.sequences = sequences;
            return this;
        }

        /**
         * Sets how tokens are hidden.
         *
         * @param masking shares, special tokens and seed
         * @return this builder
         */
        public Builder setMasking(TokenMasking masking) {
            this.masking = masking;
            return this;
        }

        /**
         * Sets what fills a batch up.
         *
         * @param padToken the id of {@code [PAD]}
         * @return this builder
         */
        public Builder setPadToken(long padToken) {
            this.padToken = padToken;
            return this;
        }

        /**
         * Sets a length that all batches have, by default that of their longest sequence.
         *
         * @param length at least that of the longest sequence of all
         * @return this builder
         */
        public Builder optLength(int length) {
            this.length = Checks.positive("length", length);
            return this;
        }

        /**
         * Builds the dataset.
         *
         * @return the dataset
         * @throws IllegalArgumentException if something is missing, or a sequence is empty or does
         *     not fit the length
         */
        public MaskedLanguageModelDataset build() {
            if (masking == null || padToken == null || sequences.isEmpty()) {
                throw new IllegalArgumentException(
                        "sequences, masking or pad token are missing: call setSequences, setMasking"
                                + " and setPadToken");
            }
            for (int i = 0; i < sequences.size(); i++) {
                int tokens = sequences.get(i).length;
                if (tokens == 0 || (length > 0 && tokens > length)) {
                    throw new IllegalArgumentException(
                            "sequence "
                                    + i
                                    + " has "
                                    + tokens
                                    + " tokens, expected 1 to "
                                    + (length > 0 ? length : "any number"));
                }
            }
            optDataBatchifier(new PaddingBatchifier(length, padToken, 0));
            optLabelBatchifier(new PaddingBatchifier(length, MaskedCrossEntropyLoss.IGNORED));
            return new MaskedLanguageModelDataset(this, masking);
        }

        @Override
        protected Builder self() {
            return this;
        }
    }
}

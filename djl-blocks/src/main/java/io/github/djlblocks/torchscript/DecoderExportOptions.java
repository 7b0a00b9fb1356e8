package io.github.djlblocks.torchscript;

import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightSelection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * How {@link TorchScript#exportDecoder} writes a language model.
 *
 * <p>Defaults: {@link CacheForm#STATE}, caches that grow, no mask, no positions, logits of the last
 * position, weights as the model has them, {@link ExportTarget#PYTORCH_1_13}.
 */
public final class DecoderExportOptions {

    private final CacheForm caches;
    private final List<CachePolicy> policies;
    private final boolean mask;
    private final boolean positions;
    private final boolean allLogits;
    private final ExportOptions.Builder file;

    private DecoderExportOptions(Builder builder) {
        caches = builder.caches;
        policies = builder.policies;
        mask = builder.mask || builder.positions;
        positions = builder.positions;
        allLogits = builder.allLogits;
        file = builder.file;
    }

    /**
     * Starts the options of an export.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    CacheForm caches() {
        return caches;
    }

    /** One for each layer, or none. */
    List<CachePolicy> policies() {
        return policies;
    }

    boolean hasMask() {
        return mask;
    }

    boolean hasPositions() {
        return positions;
    }

    boolean allLogits() {
        return allLogits;
    }

    /** Target, weights and extra files. */
    ExportOptions.Builder file() {
        return file.copy();
    }

    /** Builds {@link DecoderExportOptions}. */
    public static final class Builder {

        private final ExportOptions.Builder file = ExportOptions.builder();
        private CacheForm caches = CacheForm.STATE;
        private List<CachePolicy> policies = List.of();
        private boolean mask;
        private boolean positions;
        private boolean allLogits;

        private Builder() {}

        /**
         * Sets where keys and values of earlier tokens are.
         *
         * @param form hidden in the module by default
         * @return this builder
         */
        public Builder optCaches(CacheForm form) {
            caches = form;
            return this;
        }

        /**
         * Sets what each layer keeps. Layers that attend to a window need no more than {@link
         * CachePolicy#rolling} keeps.
         *
         * @param newPolicies one for each layer, growing or rolling; growing by default
         * @return this builder
         */
        public Builder optPolicies(List<CachePolicy> newPolicies) {
            policies = List.copyOf(newPolicies);
            return this;
        }

        /**
         * Adds an argument {@code mask}, INT64 (B, T), 1 where a token stands and 0 where padding
         * stands, over all tokens that have passed and the new ones: for prompts of different
         * lengths, padded on the left.
         *
         * @param has whether methods take it, false by default
         * @return this builder
         */
        public Builder optMask(boolean has) {
            mask = has;
            return this;
        }

        /**
         * Adds an argument {@code positions}, INT64 (B, S), behind the mask, which is added too:
         * models that learn a vector for each position need it where prompts are padded.
         *
         * @param has whether methods take it, false by default
         * @return this builder
         */
        public Builder optPositions(boolean has) {
            positions = has;
            return this;
        }

        /**
         * Makes {@code prefill} and {@code decode} give the logits of every position, (B, S, V)
         * instead of (B, 1, V).
         *
         * @param all whether they do, false by default
         * @return this builder
         */
        public Builder optAllLogits(boolean all) {
            allLogits = all;
            return this;
        }

        /**
         * Sets the oldest PyTorch that must load the file.
         *
         * @param target {@link ExportTarget#PYTORCH_1_13} by default
         * @return this builder
         */
        public Builder optTarget(ExportTarget target) {
            file.optTarget(target);
            return this;
        }

        /**
         * Sets the format of the weights of linear maps.
         *
         * @param format as the model has them by default
         * @return this builder
         */
        public Builder optWeights(WeightFormat format) {
            file.optWeights(format);
            return this;
        }

        /**
         * Sets the format of each weight, as {@link ExportOptions.Builder#optWeights} does.
         *
         * @param selection as the model has them by default
         * @return this builder
         */
        public Builder optWeights(WeightSelection selection) {
            file.optWeights(selection);
            return this;
        }

        /**
         * Adds a file that travels in the archive, such as {@code config.json}.
         *
         * @param name as in {@link ExportOptions.Builder#addExtraFile(String, byte[])}
         * @param content its bytes
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or another
         */
        public Builder addExtraFile(String name, byte[] content) {
            file.addExtraFile(name, content);
            return this;
        }

        /**
         * Adds a file that travels in the archive, as it is now.
         *
         * @param name as in {@link ExportOptions.Builder#addExtraFile(String, byte[])}
         * @param path read here
         * @return this builder
         * @throws IOException if the file cannot be read
         * @throws IllegalArgumentException if the name is taken or another
         */
        public Builder addExtraFile(String name, Path path) throws IOException {
            file.addExtraFile(name, path);
            return this;
        }

        /**
         * Builds the options.
         *
         * @return new options
         */
        public DecoderExportOptions build() {
            return new DecoderExportOptions(this);
        }
    }
}

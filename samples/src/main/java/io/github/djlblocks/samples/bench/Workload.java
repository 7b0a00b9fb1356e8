package io.github.djlblocks.samples.bench;

import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.StackConfig;
import java.util.List;

/**
 * The sizes of a model and of what it reads.
 *
 * @param label a short name
 * @param title whose sizes these are
 * @param encoder whether it is an encoder such as BERT; else a decoder such as Llama
 * @param hidden channels
 * @param layers how many layers
 * @param heads query heads
 * @param keyValueHeads key and value heads
 * @param feedForward channels inside the feed-forward block
 * @param vocabulary tokens
 * @param tied whether the head is the embedding table
 * @param batch sequences at once
 * @param prompt tokens of a sequence that is read at once
 * @param context tokens in the cache before one is decoded
 */
public record Workload(
        String label,
        String title,
        boolean encoder,
        int hidden,
        int layers,
        int heads,
        int keyValueHeads,
        int feedForward,
        int vocabulary,
        boolean tied,
        int batch,
        int prompt,
        int context)
        implements Named {

    static final double NORM_EPSILON = 1e-5;

    private static final List<Workload> ALL =
            List.of(
                    decoder("W1", "TinyLlama-1.1B", 2048, 22, 32, 4, 5632, 32000, false, 512, 256),
                    decoder("W2", "SmolLM-135M", 576, 30, 9, 3, 1536, 49152, true, 512, 256),
                    encoder("W3", "BERT-base", 768, 12, 12, 3072, 30522, 8, 128),
                    decoder("W0", "a tiny decoder", 64, 2, 4, 2, 128, 96, false, 12, 8),
                    decoder("W0T", "a tiny tied decoder", 96, 2, 3, 1, 128, 96, true, 12, 8),
                    encoder("W0E", "a tiny encoder", 64, 2, 4, 128, 96, 2, 8));

    private static Workload decoder(
            String label,
            String title,
            int hidden,
            int layers,
            int heads,
            int keyValueHeads,
            int feedForward,
            int vocabulary,
            boolean tied,
            int prompt,
            int context) {
        return new Workload(
                label,
                title,
                false,
                hidden,
                layers,
                heads,
                keyValueHeads,
                feedForward,
                vocabulary,
                tied,
                1,
                prompt,
                context);
    }

    private static Workload encoder(
            String label,
            String title,
            int hidden,
            int layers,
            int heads,
            int feedForward,
            int vocabulary,
            int batch,
            int length) {
        return new Workload(
                label,
                title,
                true,
                hidden,
                layers,
                heads,
                heads,
                feedForward,
                vocabulary,
                false,
                batch,
                length,
                0);
    }

    /**
     * Returns the workloads there are: three of real models, and tiny ones for tests.
     *
     * @return all of them
     */
    public static List<Workload> all() {
        return ALL;
    }

    /**
     * Finds a workload by its name.
     *
     * @param name such as {@code W1}
     * @return the workload
     * @throws IllegalArgumentException if there is none of this name
     */
    public static Workload named(String name) {
        return Named.find("workload", name, ALL.toArray(Workload[]::new));
    }

    /**
     * Returns what is measured of it.
     *
     * @return one mode or more
     */
    public List<Mode> modes() {
        return encoder ? List.of(Mode.ENCODE) : List.of(Mode.PREFILL, Mode.DECODE);
    }

    /**
     * Returns how many tokens one step reads.
     *
     * @param mode the mode
     * @return tokens of all sequences
     */
    public int tokens(Mode mode) {
        return batch * (mode == Mode.DECODE ? 1 : prompt);
    }

    /** The most tokens a sequence of it has. */
    int capacity() {
        return Math.max(prompt, context + 1);
    }

    int headDim() {
        return hidden / heads;
    }

    /** Numbers in the matrices that every token is multiplied with. */
    long matrixNumbers() {
        long attention = 2L * hidden * hidden + 2L * hidden * keyValueHeads * headDim();
        long inner = (encoder ? 2L : 3L) * hidden * feedForward;
        return layers * (attention + inner) + (encoder ? 0 : (long) hidden * vocabulary);
    }

    /** The block of this library that has these sizes, not initialised. */
    KernelBlock block() {
        if (encoder) {
            return Encoders.encoder(
                    new EncoderConfig(
                            EmbeddingConfig.builder()
                                    .setVocabularySize(vocabulary)
                                    .setContextLength(Math.max(prompt, hidden / 2))
                                    .optTypes(2)
                                    .build(),
                            StackConfig.builder()
                                    .setHiddenSize(hidden)
                                    .setFeedForwardSize(feedForward)
                                    .setLayers(layers)
                                    .setHeads(heads)
                                    .optNormEpsilon(NORM_EPSILON)
                                    .build()));
        }
        return Decoders.languageModel(
                DecoderConfig.builder()
                        .setVocabularySize(vocabulary)
                        .setHiddenSize(hidden)
                        .setFeedForwardSize(feedForward)
                        .setLayers(layers)
                        .setQueryHeads(heads)
                        .setContextLength(capacity())
                        .optKeyValueHeads(keyValueHeads)
                        .optTiedHead(tied)
                        .optNormEpsilon(NORM_EPSILON)
                        .build());
    }
}

package io.github.djlblocks.model;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.internal.Checks;

/**
 * What a forward pass costs: arithmetic, memory of its arrays, memory of the cache.
 *
 * <p>B sequences of S new tokens each, after P tokens that are in the cache; T = P + S. For a stack
 * of L layers of E channels, H query heads and K key/value heads of D channels, F channels inside
 * the feed-forward block, M matrices in it (3 with a gate, 2 without), and a head of V tokens:
 *
 * <ul>
 *   <li>{@code flops = L (2 B S (2 E H D + 2 E K D + M E F) + 4 B S T H D) + 2 B S E V}: the matrix
 *       products, 2 for a multiplication and its addition. Every query meets every key, as it is
 *       computed, also where a mask hides the key. Norms, softmax, activations, rotation and
 *       look-up, which grow with E and not with its square, do not count.
 *   <li>{@code activationElements = B S (L (6 E + 2 H D + 2 K D + W F) + V) + 2 L B H S T}: the
 *       outputs of two norms, two sublayers and two sums (6 E); queries, keys, values, what
 *       attention gives; W F: with a gate the gate, its activation, up and their product (W = 4),
 *       without one up and its activation (2); the logits; scores and weights. This is what
 *       training keeps for the backward pass if it recomputes nothing. A pass for inference needs
 *       about one layer of it and the logits.
 *   <li>{@code cacheElements = 2 L B K D T}: keys and values after the pass.
 * </ul>
 *
 * <p>A layer over a memory of N tokens of E' channels has a third sublayer: {@code flops} grows by
 * {@code L (4 B S E H D + 4 B S N H D)}, {@code activationElements} by {@code L B S (3 E + 2 H D) +
 * 2 L B H S N}, {@code cacheElements} by {@code 2 L B H D N}. Keys and values of the memory, {@code
 * 4 L B N E' H D} and {@code 2 L B N H D}, are computed in the first pass alone.
 *
 * @param flops floating-point operations
 * @param activationElements numbers in the arrays of the pass
 * @param cacheElements numbers in the key/value cache after it
 */
public record ForwardCost(long flops, long activationElements, long cacheElements) {

    /**
     * Counts a pass of a causal language model that computes all logits.
     *
     * @param config the sizes; its feed-forward block has a gate
     * @param batch B
     * @param length S
     * @param past P
     * @return its cost
     * @throws IllegalArgumentException if batch or length is below one or past negative
     */
    public static ForwardCost of(DecoderConfig config, int batch, int length, int past) {
        Sizes sizes =
                new Sizes(
                        config.layers(),
                        config.hiddenSize(),
                        config.queryHeads(),
                        config.keyValueHeads(),
                        config.headDim(),
                        config.feedForwardSize(),
                        3);
        return sizes.cost(batch, length, past, config.vocabularySize(), true);
    }

    /**
     * Counts a pass of an encoder without a head.
     *
     * @param config the sizes
     * @param batch B
     * @param length S
     * @return its cost; an encoder has no cache
     * @throws IllegalArgumentException if batch or length is below one
     */
    public static ForwardCost of(EncoderConfig config, int batch, int length) {
        return Sizes.of(config.stack()).cost(batch, length, 0, 0, false);
    }

    /**
     * Counts a pass of an encoder-decoder that computes all logits. The first pass runs the encoder
     * and projects the memory; later ones, after tokens in the cache, run the decoder alone.
     *
     * @param config the sizes
     * @param batch B
     * @param source tokens that enter the encoder, N
     * @param length tokens that enter the decoder, S
     * @param past tokens of the decoder that are in the cache, P; 0 for the first pass
     * @return its cost; the cache holds the decoder's tokens and the memory
     * @throws IllegalArgumentException if batch, source or length is below one or past negative
     */
    public static ForwardCost of(
            Seq2SeqConfig config, int batch, int source, int length, int past) {
        StackConfig stack = config.decoder().stack();
        long vocabulary = config.decoder().embedding().vocabularySize();
        ForwardCost self = Sizes.of(stack).cost(batch, length, past, vocabulary, true);
        ForwardCost cross = cross(config, batch, Checks.positive("source", source), length);
        ForwardCost decoder = self.plus(cross);
        if (past > 0) {
            return decoder;
        }
        ForwardCost encoder = of(config.encoder(), batch, source);
        return decoder.plus(encoder).plus(memory(config, batch, source));
    }

    private static ForwardCost cross(Seq2SeqConfig config, long b, long n, long s) {
        StackConfig stack = config.decoder().stack();
        long l = stack.layers();
        long e = stack.hiddenSize();
        long hd = (long) stack.heads() * stack.headDim();
        return new ForwardCost(
                l * (4 * b * s * e * hd + 4 * b * s * n * hd),
                l * b * s * (3 * e + 2 * hd) + 2 * l * b * stack.heads() * s * n,
                2 * l * b * hd * n);
    }

    private static ForwardCost memory(Seq2SeqConfig config, long b, long n) {
        StackConfig stack = config.decoder().stack();
        long l = stack.layers();
        long hd = (long) stack.heads() * stack.headDim();
        long e = config.encoder().stack().hiddenSize();
        return new ForwardCost(4 * l * b * n * e * hd, 2 * l * b * n * hd, 0);
    }

    private ForwardCost plus(ForwardCost other) {
        return new ForwardCost(
                flops + other.flops,
                activationElements + other.activationElements,
                cacheElements + other.cacheElements);
    }

    /**
     * Returns the memory of the activations.
     *
     * @param dataType the type they have
     * @return bytes
     */
    public long activationBytes(DataType dataType) {
        return Math.multiplyExact(activationElements, dataType.getNumOfBytes());
    }

    /**
     * Returns the memory of the key/value cache after the pass.
     *
     * @param dataType the type it has
     * @return bytes
     */
    public long cacheBytes(DataType dataType) {
        return Math.multiplyExact(cacheElements, dataType.getNumOfBytes());
    }

    private record Sizes(long l, long e, long h, long k, long d, long f, long matrices) {

        static Sizes of(StackConfig stack) {
            return new Sizes(
                    stack.layers(),
                    stack.hiddenSize(),
                    stack.heads(),
                    stack.heads(),
                    stack.headDim(),
                    stack.feedForwardSize(),
                    stack.gated() ? 3 : 2);
        }

        ForwardCost cost(int batch, int length, int past, long v, boolean cached) {
            long b = Checks.positive("batch", batch);
            long s = Checks.positive("length", length);
            if (past < 0) {
                throw new IllegalArgumentException("past (" + past + ") must not be negative");
            }
            long t = s + past;
            long projections = 2 * e * h * d + 2 * e * k * d + matrices * e * f;
            long flops = l * (2 * b * s * projections + 4 * b * s * t * h * d) + 2 * b * s * e * v;
            long wide = matrices == 3 ? 4 : 2;
            long token = 6 * e + 2 * h * d + 2 * k * d + wide * f;
            long activations = b * s * (l * token + v) + 2 * l * b * h * s * t;
            return new ForwardCost(flops, activations, cached ? 2 * l * b * k * d * t : 0);
        }
    }
}

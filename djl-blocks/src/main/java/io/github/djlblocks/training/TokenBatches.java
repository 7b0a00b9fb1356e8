package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * Sequences to train a causal language model with, in another order each epoch.
 *
 * <p>Data of a batch: token ids (B, S) and attention mask (B, S), 1 where a token stands; label:
 * the token that follows, (B, S), {@link MaskedCrossEntropyLoss#IGNORED} behind the last one and
 * where nothing is to be learnt. All INT64. S is one less than the longest sequence of the batch.
 * The order depends on the seed and on nothing else: it is drawn in Java.
 */
public final class TokenBatches implements BatchSource {

    private final List<long[]> sequences;
    private final int[] starts;
    private final int batchSize;
    private final long padToken;
    private final long seed;
    private final long checksum;

    /** The order of the epoch that was asked for last. */
    private volatile Order order;

    @SuppressWarnings("ArrayRecordComponent") // private, and never changed
    private record Order(long epoch, int[] sequences) {}

    /**
     * Creates the batches.
     *
     * @param sequences token ids, at least two in each
     * @param starts for each sequence, how many of its tokens, at least 1, are given: what is
     *     learnt begins behind them, as an answer behind its question
     * @param batchSize B, sequences a batch; what is left of an epoch begins the next
     * @param padToken what fills a batch up
     * @param seed of the order
     * @throws IllegalArgumentException if there are too few sequences for a batch, or one has
     *     nothing to learn
     */
    public TokenBatches(
            List<long[]> sequences, int[] starts, int batchSize, long padToken, long seed) {
        this.batchSize = Checks.positive("batchSize", batchSize);
        if (sequences.isEmpty() || starts.length != sequences.size()) {
            throw new IllegalArgumentException(
                    sequences.size()
                            + " sequences with "
                            + starts.length
                            + " starts: give at least one sequence, and a start for each");
        }
        this.sequences = sequences.stream().map(long[]::clone).toList();
        this.starts = starts.clone();
        this.padToken = padToken;
        this.seed = seed;
        checksum = checked();
        order = ordered(0);
    }

    /**
     * Creates batches of which every token but the first of a sequence is learnt.
     *
     * @param sequences token ids, at least two in each
     * @param batchSize B, sequences a batch
     * @param padToken what fills a batch up
     * @param seed of the order
     * @return the batches
     * @throws IllegalArgumentException as the constructor
     */
    public static TokenBatches of(List<long[]> sequences, int batchSize, long padToken, long seed) {
        int[] starts = new int[sequences.size()];
        Arrays.fill(starts, 1);
        return new TokenBatches(sequences, starts, batchSize, padToken, seed);
    }

    private long checked() {
        CRC32C sum = new CRC32C();
        for (int i = 0; i < starts.length; i++) {
            long[] tokens = sequences.get(i);
            if (starts[i] < 1 || starts[i] >= tokens.length) {
                throw new IllegalArgumentException(
                        "sequence "
                                + i
                                + " of "
                                + tokens.length
                                + " tokens starts at "
                                + starts[i]
                                + ": at least one token must be given, and one be left to learn");
            }
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * (tokens.length + 2));
            bytes.putLong(tokens.length).putLong(starts[i]);
            bytes.asLongBuffer().put(tokens);
            sum.update(bytes.array());
        }
        return sum.getValue();
    }

    private Order ordered(long epoch) {
        SplittableRandom random = new SplittableRandom(seed * 0x9e3779b97f4a7c15L + epoch);
        int[] shuffled = new int[sequences.size()];
        for (int i = 0; i < shuffled.length; i++) {
            int other = random.nextInt(i + 1);
            shuffled[i] = shuffled[other];
            shuffled[other] = i;
        }
        return new Order(epoch, shuffled);
    }

    private int sequence(long position) {
        long epoch = position / sequences.size();
        Order current = order;
        if (current.epoch() != epoch) {
            current = ordered(epoch);
            order = current;
        }
        return current.sequences()[(int) (position % sequences.size())];
    }

    @Override
    public TrainingBatch get(NDManager manager, long index) {
        int[] chosen = new int[batchSize];
        int width = 0;
        for (int row = 0; row < batchSize; row++) {
            chosen[row] = sequence(index * batchSize + row);
            width = Math.max(width, sequences.get(chosen[row]).length - 1);
        }
        long[] tokens = new long[batchSize * width];
        long[] mask = new long[batchSize * width];
        long[] labels = new long[batchSize * width];
        Arrays.fill(tokens, padToken);
        Arrays.fill(labels, MaskedCrossEntropyLoss.IGNORED);
        for (int row = 0; row < batchSize; row++) {
            long[] sequence = sequences.get(chosen[row]);
            int start = starts[chosen[row]];
            int read = sequence.length - 1;
            int at = row * width;
            System.arraycopy(sequence, 0, tokens, at, read);
            Arrays.fill(mask, at, at + read, 1);
            System.arraycopy(sequence, start, labels, at + start - 1, sequence.length - start);
        }
        Shape shape = new Shape(batchSize, width);
        NDArray ids = manager.create(tokens, shape);
        return new TrainingBatch(
                new NDList(ids, manager.create(mask, shape)),
                new NDList(manager.create(labels, shape)));
    }

    @Override
    public String identity() {
        return sequences.size()
                + " sequences, "
                + batchSize
                + " a batch, seed "
                + seed
                + ", checksum "
                + Long.toHexString(checksum);
    }
}

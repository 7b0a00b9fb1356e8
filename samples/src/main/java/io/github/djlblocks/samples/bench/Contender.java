package io.github.djlblocks.samples.bench;

/**
 * One way to run a workload.
 *
 * <p>{@link #prepare} is called once, then {@link #step} any number of times, always from one
 * thread; {@link #close} comes last, even if {@code prepare} failed.
 */
public interface Contender extends AutoCloseable {

    /**
     * Returns which way it is.
     *
     * @return its kind
     */
    ContenderKind kind();

    /**
     * Returns the format its weight matrices are in.
     *
     * @return the format
     */
    Format format();

    /** Makes all it needs for every mode of its workload: weights, caches, inputs. */
    void prepare();

    /**
     * Does the work once, and returns when it is done. Every step of a mode does the same: a
     * decoded token is taken out of the cache again.
     *
     * @param mode one of those of its workload
     */
    void step(Mode mode);

    /**
     * Returns what the last step computed, to compare contenders by.
     *
     * @return logits of the last token, or the encoded batch; empty if it computes no model
     */
    float[] output();

    /** Frees what {@link #prepare} made. */
    @Override
    void close();
}

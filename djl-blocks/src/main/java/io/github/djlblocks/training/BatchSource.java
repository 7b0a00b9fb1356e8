package io.github.djlblocks.training;

import ai.djl.ndarray.NDManager;

/**
 * Training data by number: batch i is the same whenever and on whatever engine it is asked for, so
 * the position in the data is one number, and a run can go on where another ended. (A {@link
 * ai.djl.training.dataset.Dataset} can only be read from its beginning, in an order of its own.)
 */
public interface BatchSource {

    /**
     * Returns a batch.
     *
     * @param manager of its arrays
     * @param index its number, from 0; there is no last one
     * @return the batch
     */
    TrainingBatch get(NDManager manager, long index);

    /**
     * Returns what tells this data from other data. A run goes on only with the data it began with.
     *
     * @return one line, as sizes, seed and a checksum
     */
    String identity();
}

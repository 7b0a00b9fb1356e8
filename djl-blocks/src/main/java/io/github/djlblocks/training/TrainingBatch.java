package io.github.djlblocks.training;

import ai.djl.ndarray.NDList;

/**
 * What a model reads in one forward pass of training, and what it is to say.
 *
 * @param data the inputs of the block
 * @param labels what the loss compares with
 */
public record TrainingBatch(NDList data, NDList labels) {}

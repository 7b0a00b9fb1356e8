package io.github.djlblocks.training;

/**
 * What one update of the parameters was like.
 *
 * @param step its number, from 1
 * @param loss the mean loss over all that was to be predicted, before the update
 * @param gradientNorm the length of all gradients as one vector, before it was clipped
 * @param learningRate the rate of parameters that are in no group
 */
public record TrainingStep(long step, double loss, double gradientNorm, double learningRate) {}

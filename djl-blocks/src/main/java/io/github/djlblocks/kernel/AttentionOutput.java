package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Kernels#attention} gives.
 *
 * @param values the weighted values, (B, H, S, Dv)
 * @param scores the scores at the stage asked for, (B, H, S, T), or none
 */
public record AttentionOutput(NDArray values, @Nullable NDArray scores) {}

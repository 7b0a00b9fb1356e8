package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.LinearBiasSpec;
import java.util.Arrays;

/**
 * Attention with linear biases (ALiBi): each head's scores fall with the distance, by a slope of
 * its own.
 *
 * <p>Causal: {@code slope * (k - q)} for a query at q and a key at k; symmetric, for encoders:
 * {@code -slope * |k - q|}. BLOOM computes {@code slope * k}, the same after the softmax; its
 * positions count the tokens that are no padding, {@code maskedPositions(mask, T, 0, 0)} of {@link
 * io.github.djlblocks.kernel.PositionKernels}, and its bias is (B | 1, H, 1, T). There are no
 * parameters.
 *
 * <p>Press et al., arXiv 2108.12409; slopes as in ofirpress/attention_with_linear_biases, see
 * {@link LinearBiasSpec#slopes}.
 */
public final class AlibiBias extends PositionBias {

    private final LinearBiasSpec spec;

    private AlibiBias(LinearBiasSpec spec) {
        super(spec.slopes().size());
        this.spec = spec;
    }

    /**
     * Creates the bias of causal attention, with the slopes of the paper.
     *
     * @param heads H
     * @return the block
     * @throws IllegalArgumentException if there is no head
     */
    public static AlibiBias causal(int heads) {
        return of(LinearBiasSpec.Form.SIGNED, LinearBiasSpec.slopes(heads));
    }

    /**
     * Creates the bias of attention to both sides, with the slopes of the paper.
     *
     * @param heads H
     * @return the block
     * @throws IllegalArgumentException if there is no head
     */
    public static AlibiBias symmetric(int heads) {
        return of(LinearBiasSpec.Form.SYMMETRIC, LinearBiasSpec.slopes(heads));
    }

    /**
     * Creates the bias of BLOOM.
     *
     * @param heads H
     * @return the block
     * @throws IllegalArgumentException if there is no head
     */
    public static AlibiBias bloom(int heads) {
        return of(LinearBiasSpec.Form.KEY, LinearBiasSpec.slopes(heads));
    }

    /**
     * Creates a bias with given slopes.
     *
     * @param form what a slope is multiplied with
     * @param slopes one for each head, such as {@link LinearBiasSpec#slopesOfMpt}
     * @return the block
     * @throws IllegalArgumentException if there is no slope
     */
    public static AlibiBias of(LinearBiasSpec.Form form, double... slopes) {
        return new AlibiBias(new LinearBiasSpec(Arrays.stream(slopes).boxed().toList(), form));
    }

    @Override
    NDArray compute(
            ParameterStore store, NDArray queries, NDArray keys, DataType type, boolean training) {
        return Kernels.of(queries).linearBias(queries, keys, spec, type);
    }

    @Override
    long queryRows(long length) {
        return spec.form() == LinearBiasSpec.Form.KEY ? 1 : length;
    }
}

package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.Kernels;

/**
 * Relative positions of T5: a learned bias of each head for each bucket of distances.
 *
 * <p>{@code bias[h][q][k] = weight[bucket(k - q)][h]}, the buckets those of {@link BucketSpec};
 * {@code weight} (buckets, H), normal with deviation 0.02 at first. The bias has the type of the
 * weight. T5's first layer has such a bias, which all layers of its stack share; encoders have it
 * bidirectional, decoders not, cross-attention has none.
 *
 * <p>Raffel et al., arXiv 1910.10683; {@code relative_attention_bias} of Hugging Face T5.
 */
public final class RelativePositionBias extends PositionBias {

    private static final float INITIAL_DEVIATION = 0.02f;

    private final BucketSpec spec;
    private final Parameter weight;

    private RelativePositionBias(int heads, BucketSpec spec) {
        super(heads);
        this.spec = spec;
        weight =
                addParameter(
                        "weight",
                        new Shape(spec.buckets(), heads),
                        new NormalInitializer(INITIAL_DEVIATION));
    }

    /**
     * Creates a bias.
     *
     * @param heads H
     * @param spec which distance is in which bucket; T5: 32 buckets, 128 the longest distance
     * @return the block
     * @throws IllegalArgumentException if there is no head
     */
    public static RelativePositionBias of(int heads, BucketSpec spec) {
        return new RelativePositionBias(heads, spec);
    }

    @Override
    NDArray compute(
            ParameterStore store, NDArray queries, NDArray keys, DataType type, boolean training) {
        NDArray table = fetch(store, weight, queries.getDevice(), training);
        if (table.getDataType() != type) {
            throw new IllegalArgumentException(
                    "RelativePositionBias: scores are "
                            + type
                            + " but parameter weight is "
                            + table.getDataType()
                            + ": initialise or load the block as "
                            + type);
        }
        return Kernels.of(queries).bucketBias(queries, keys, table, spec);
    }

    @Override
    long queryRows(long length) {
        return length;
    }
}

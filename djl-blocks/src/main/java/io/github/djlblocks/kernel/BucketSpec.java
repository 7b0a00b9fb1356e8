package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * Buckets of relative positions, as T5 has them: half of them for single short distances, half for
 * ranges that grow with the logarithm.
 *
 * <p>With {@code d} the distance, {@code n} the buckets of a side and {@code e = n / 2}: bucket
 * {@code d} for {@code d < e}, else {@code min(n - 1, e + floor(ln(d / e) / ln(maxDistance / e) *
 * (n - e)))}. Bidirectional: n is half of all, and later keys have the second half. Else later keys
 * are all at distance 0.
 *
 * <p>Raffel et al., arXiv 1910.10683; {@code _relative_position_bucket} of Hugging Face T5.
 *
 * @param buckets how many, 32 in T5
 * @param maxDistance from which all distances share the last bucket, 128 in T5
 * @param bidirectional whether later keys are told apart: true in encoders
 */
public record BucketSpec(int buckets, int maxDistance, boolean bidirectional) {

    /**
     * Checks.
     *
     * @param buckets how many, 32 in T5
     * @param maxDistance from which all distances share the last bucket, 128 in T5
     * @param bidirectional whether later keys are told apart: true in encoders
     */
    public BucketSpec {
        Checks.positive("buckets", buckets);
        int unit = bidirectional ? 4 : 2;
        if (buckets % unit != 0) {
            throw new IllegalArgumentException(
                    "buckets ("
                            + buckets
                            + ") must be a multiple of "
                            + unit
                            + ": half of those of a side are single distances");
        }
        if (maxDistance <= buckets / unit) {
            throw new IllegalArgumentException(
                    "maxDistance ("
                            + maxDistance
                            + ") must be above the "
                            + buckets / unit
                            + " single distances of "
                            + buckets
                            + " buckets");
        }
    }

    /**
     * Finds the bucket of a relative position.
     *
     * @param relative position of the key minus that of the query
     * @return from 0 to buckets - 1
     */
    public int bucket(long relative) {
        int side = bidirectional ? buckets / 2 : buckets;
        int first = bidirectional && relative > 0 ? side : 0;
        long distance = bidirectional ? Math.abs(relative) : Math.max(0, -relative);
        int exact = side / 2;
        if (distance < exact) {
            return first + (int) distance;
        }
        double along = Math.log((double) distance / exact) / Math.log((double) maxDistance / exact);
        return first + (int) Math.min(side - 1, exact + (long) (along * (side - exact)));
    }
}

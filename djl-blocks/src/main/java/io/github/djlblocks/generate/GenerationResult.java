package io.github.djlblocks.generate;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A generated sequence.
 *
 * @param prompt which prompt of the batch it continues, from 0
 * @param tokens the new tokens, an end token or stop sequence included
 * @param finishReason why it is complete
 * @param score of a beam: the sum of its log-probabilities divided by its length to the power of
 *     {@code lengthPenalty}; else none
 * @param logProbabilities for each token, if {@code logProbabilities} was set; else empty
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of results, not a key
public record GenerationResult(
        int prompt,
        long[] tokens,
        FinishReason finishReason,
        OptionalDouble score,
        List<TokenLogProbabilities> logProbabilities) {}

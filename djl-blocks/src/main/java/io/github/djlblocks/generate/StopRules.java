package io.github.djlblocks.generate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** When a sequence is complete. */
final class StopRules {

    private final GenerationOptions options;
    private final List<StopCondition> conditions;
    private final List<long[]> stopSequences;
    private final int limit;
    private final FinishReason atLimit;

    /**
     * @param promptLength the longest prompt of the batch, padding included
     * @param contextLength the most tokens of a row
     */
    StopRules(
            GenerationOptions options,
            List<StopCondition> conditions,
            int promptLength,
            int contextLength) {
        this.options = options;
        this.conditions = conditions;
        stopSequences =
                options.stopSequences().stream()
                        .map(run -> run.stream().mapToLong(Long::longValue).toArray())
                        .toList();
        int wanted =
                options.maxNewTokens() > 0
                        ? options.maxNewTokens()
                        : options.maxLength() - promptLength;
        if (wanted < 1) {
            throw new IllegalArgumentException(
                    "maxLength ("
                            + options.maxLength()
                            + ") leaves no room after a prompt of "
                            + promptLength
                            + " tokens: raise it, or set maxNewTokens");
        }
        int room = contextLength - promptLength;
        limit = Math.min(wanted, room);
        atLimit = wanted <= room ? FinishReason.MAX_NEW_TOKENS : FinishReason.CONTEXT_FULL;
    }

    /** The most tokens of a row that are generated. */
    int limit() {
        return limit;
    }

    /** Why a sequence ends with its last token, or null. */
    @Nullable FinishReason reason(TokenHistory history) {
        if (options.endTokens().contains(history.token(history.length() - 1))) {
            return FinishReason.END_TOKEN;
        }
        for (long[] run : stopSequences) {
            if (history.endsIn(history.promptLength(), run)) {
                return FinishReason.STOP_SEQUENCE;
            }
        }
        for (StopCondition condition : conditions) {
            if (condition.stops(history)) {
                return FinishReason.STOP_SEQUENCE;
            }
        }
        return history.generatedLength() >= limit ? atLimit : null;
    }
}

package io.github.djlblocks.samples;

import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationOptionsBuilder;
import io.github.djlblocks.huggingface.TextOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of text on the command line; what is not given is as the model's files say. */
final class TextSettings {

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Most tokens to generate. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 200;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "Draw tokens at random; below 1 favours likely ones.")
    private @Nullable Double temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "Draw from the K likeliest tokens.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw from the likeliest tokens that together have probability P.")
    private @Nullable Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Draw from tokens with at least P times the largest probability.")
    private @Nullable Double minP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            description = "Above 1 discourages what was there before.")
    private @Nullable Double repetitionPenalty;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Where random numbers start. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--greedy", description = "Take the likeliest token, whatever the model says.")
    private boolean greedy;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "End before this text. May be given several times.")
    private List<String> stops = List.of();

    /** The options of a model, changed by those given. */
    TextOptions apply(TextOptions defaults) {
        GenerationOptionsBuilder builder =
                defaults.tokens().toBuilder().setMaxNewTokens(maxTokens).optSeed(seed);
        if (temperature != null || topK != null || topP != null || minP != null) {
            builder.optDoSample(true);
        }
        if (temperature != null) {
            builder.optTemperature(temperature);
        }
        if (topK != null) {
            builder.optTopK(topK);
        }
        if (topP != null) {
            builder.optTopP(topP);
        }
        if (minP != null) {
            builder.optMinP(minP);
        }
        if (repetitionPenalty != null) {
            builder.optRepetitionPenalty(repetitionPenalty);
        }
        if (greedy) {
            builder.optDoSample(false);
        }
        GenerationOptions tokens = builder.build();
        TextOptions options = defaults.withTokens(tokens);
        return stops.isEmpty() ? options : options.withStopStrings(stops.toArray(String[]::new));
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generate.TokenStream;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Generates tokens from tokens, and makes text of them. */
final class TextRuns {

    private final TextGenerator owner;
    private final TextModel model;
    private final HuggingFaceTokenizer tokenizer;

    TextRuns(TextGenerator owner, TextModel model, HuggingFaceTokenizer tokenizer) {
        this.owner = owner;
        this.model = model;
        this.tokenizer = tokenizer;
    }

    TextStream start(long[] ids, TextOptions options, @Nullable PromptCache cache) {
        if (options.tokens().numReturnSequences() > 1) {
            throw new IllegalArgumentException(
                    "numReturnSequences ("
                            + options.tokens().numReturnSequences()
                            + ") gives several texts: call generateAll, or set it to 1");
        }
        TokenGenerator generator = model.tokens();
        TokenStream tokens =
                (cache == null ? generator : generator.withPromptCache(cache))
                        .stream(new long[][] {ids}, options.tokens());
        return new TextStream(
                owner,
                tokens,
                ids,
                new TextDecoder(tokenizer, model.before(ids), options.skipSpecialTokens()),
                new StopText(options.stopStrings()));
    }

    TextGenerator.Result run(long[] ids, TextOptions options, Consumer<String> pieces) {
        if (options.tokens().numBeams() > 1 && options.tokens().numReturnSequences() == 1) {
            TextGenerator.Result result = runAll(new long[][] {ids}, options).get(0);
            if (!result.text().isEmpty()) {
                pieces.accept(result.text());
            }
            return result;
        }
        try (TextStream text = start(ids, options, null)) {
            text.forEachRemaining(pieces);
            return text.result();
        }
    }

    List<TextGenerator.Result> runAll(long[][] rows, TextOptions options) {
        List<String> stops = options.stopStrings();
        TokenGenerator generator = model.tokens();
        if (!stops.isEmpty()) {
            generator =
                    generator.withStop(
                            history ->
                                    StopText.first(text(history.generated(), options), stops) >= 0);
        }
        return generator.generate(rows, options.tokens()).stream()
                .map(result -> result(rows[result.prompt()], result, options))
                .toList();
    }

    private TextGenerator.Result result(
            long[] prompt, GenerationResult result, TextOptions options) {
        TextDecoder decoder =
                new TextDecoder(tokenizer, model.before(prompt), options.skipSpecialTokens());
        String text = decoder.acceptAll(result.tokens());
        int end = StopText.first(text, options.stopStrings());
        return new TextGenerator.Result(
                end < 0 ? text : text.substring(0, end),
                prompt,
                result.tokens(),
                result.finishReason(),
                result.score(),
                result.logProbabilities());
    }

    private String text(long[] tokens, TextOptions options) {
        return tokenizer.decode(tokens, options.skipSpecialTokens());
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What translators of text generation have in common. Generation is many forward passes, and a
 * {@code Predictor} runs one, so the translator hands it nothing to run (DJL skips the block for an
 * empty list) and generates afterwards.
 */
abstract class GenerationTranslator<I, O> implements NoBatchifyTranslator<I, O> {

    private static final String INPUT = "input";
    private static final int DEFAULT_MAX_NEW_TOKENS = 256;

    private final Map<String, ?> arguments;
    private @Nullable TextGenerator generator;

    GenerationTranslator(Map<String, ?> arguments) {
        this.arguments = arguments;
    }

    @Override
    public synchronized void prepare(TranslatorContext context) throws IOException {
        if (generator == null) {
            Model model = context.getModel();
            TextGenerator made = TextGenerator.of(model);
            // The model outlives its predictors and their translators: it frees the tokenizer.
            model.getNDManager().attachInternal(NDManager.nextUid(), made);
            generator = made;
        }
    }

    @Override
    public NDList processInput(TranslatorContext context, I input) {
        context.setAttachment(INPUT, Objects.requireNonNull(input));
        return new NDList();
    }

    @SuppressWarnings("unchecked") // processInput has put it there
    final I input(TranslatorContext context) {
        return (I) context.getAttachment(INPUT);
    }

    final TextGenerator generator() {
        return Objects.requireNonNull(generator, "prepare was not called");
    }

    /** The options of the model, of the translator, and those a request adds. */
    final TextOptions options(Map<String, ? extends @Nullable Object> request) {
        TextGenerator ready = generator();
        TextOptions options = ready.textOptions();
        if (!ready.hasLength() && !TextArguments.setsLength(request)) {
            options = options.withTokens(options.tokens().withMaxNewTokens(DEFAULT_MAX_NEW_TOKENS));
        }
        return TextArguments.apply(TextArguments.apply(options, arguments, false), request, true);
    }

    /** Starts the text that follows a prompt or answers a chat. */
    final TextStream start(Object input, TextOptions options) {
        return input instanceof ChatMessage[] messages
                ? generator().stream(List.of(messages), ChatOptions.defaults(), options)
                : generator().stream((String) input, options);
    }

    /** The whole text that follows a prompt or answers a chat. */
    final TextGenerator.Result generate(Object input, TextOptions options) {
        return input instanceof ChatMessage[] messages
                ? generator().chat(List.of(messages), ChatOptions.defaults(), options, piece -> {})
                : generator().generate((String) input, options, piece -> {});
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * From prompt to generated text. Generation is many forward passes, and a {@code Predictor} runs
 * one, so the translator hands it nothing to run (DJL skips the block for an empty list) and
 * generates in {@link #processOutput}.
 */
final class TextGenerationTranslator implements NoBatchifyTranslator<String, String> {

    private static final String PROMPT = "prompt";

    private final int maxNewTokens;
    private @Nullable TextGenerator generator;

    TextGenerationTranslator(int maxNewTokens) {
        this.maxNewTokens = maxNewTokens;
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
    public NDList processInput(TranslatorContext context, String prompt) {
        context.setAttachment(PROMPT, prompt);
        return new NDList();
    }

    @Override
    public String processOutput(TranslatorContext context, NDList list) {
        TextGenerator ready = Objects.requireNonNull(generator, "prepare was not called");
        String prompt = (String) context.getAttachment(PROMPT);
        return ready.generate(prompt, ready.options(maxNewTokens)).text();
    }
}

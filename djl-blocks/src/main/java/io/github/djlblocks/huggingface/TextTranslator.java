package io.github.djlblocks.huggingface;

import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslatorContext;
import java.util.Map;
import java.util.Objects;

/** From a prompt or a chat to the text that follows. */
final class TextTranslator<I> extends GenerationTranslator<I, String> {

    TextTranslator(Map<String, ?> arguments) {
        super(arguments);
    }

    @Override
    public String processOutput(TranslatorContext context, NDList list) {
        return generate(Objects.requireNonNull(input(context)), options(Map.of())).text();
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.translate.ArgumentsUtil;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.Serializable;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;

/**
 * Makes the translator from prompt to generated text, for {@code Predictor<String, String>}.
 *
 * <p>Argument {@code maxNewTokens}: the most tokens to generate, 256 by default.
 */
public final class TextGenerationTranslatorFactory implements TranslatorFactory, Serializable {

    private static final long serialVersionUID = 1L;

    private static final int DEFAULT_MAX_NEW_TOKENS = 256;

    /** Creates the factory; DJL does so by name. */
    public TextGenerationTranslatorFactory() {}

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return Set.of(new Pair<>(String.class, String.class));
    }

    @Override
    @SuppressWarnings("unchecked") // isSupported lets only String to String through
    public <I, O> Translator<I, O> newInstance(
            Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
        if (!isSupported(input, output)) {
            throw new IllegalArgumentException(
                    "text generation is from String to String, not from "
                            + input.getName()
                            + " to "
                            + output.getName());
        }
        int maxNewTokens =
                ArgumentsUtil.intValue(arguments, "maxNewTokens", DEFAULT_MAX_NEW_TOKENS);
        return (Translator<I, O>) new TextGenerationTranslator(maxNewTokens);
    }
}

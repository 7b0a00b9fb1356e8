package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.Serializable;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;

/**
 * Makes the translators of text generation. Types:
 *
 * <table>
 * <caption>Types</caption>
 * <tr><th>input</th><th>output</th></tr>
 * <tr><td>{@code String}, a prompt</td><td>{@code String}, the text that follows; or {@link
 * TextStream}, its pieces</td></tr>
 * <tr><td>{@code ChatMessage[]}, a chat</td><td>the same, of the answer</td></tr>
 * <tr><td>{@link Input}, a request of DJL Serving: a prompt, or JSON with {@code inputs} or {@code
 * messages} and perhaps {@code parameters}</td><td>{@link Output}, JSON with {@code
 * generated_text} and {@code finish_reason}; streamed, the bytes of the text</td></tr>
 * </table>
 *
 * <p>Arguments, also in {@code serving.properties} and as {@code parameters} of a request, in
 * either spelling ({@code topK}, {@code top_k}): {@code maxNewTokens} (256 unless
 * generation_config.json says otherwise), {@code minNewTokens}, {@code doSample}, {@code
 * temperature}, {@code topK}, {@code topP}, {@code minP}, {@code typicalP}, {@code
 * repetitionPenalty}, {@code presencePenalty}, {@code frequencyPenalty}, {@code noRepeatNgramSize},
 * {@code numBeams}, {@code lengthPenalty}, {@code seed}, {@code stop}. Temperature and the like
 * mean sampling unless {@code doSample} is false.
 */
public final class TextGenerationTranslatorFactory implements TranslatorFactory, Serializable {

    private static final long serialVersionUID = 1L;

    private static final Set<Pair<Type, Type>> TYPES =
            Set.of(
                    new Pair<>(String.class, String.class),
                    new Pair<>(String.class, TextStream.class),
                    new Pair<>(ChatMessage[].class, String.class),
                    new Pair<>(ChatMessage[].class, TextStream.class),
                    new Pair<>(Input.class, Output.class));

    /** Creates the factory; DJL does so by name. */
    public TextGenerationTranslatorFactory() {}

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return TYPES;
    }

    @Override
    @SuppressWarnings("unchecked") // isSupported lets only pairs of TYPES through
    public <I, O> Translator<I, O> newInstance(
            Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
        if (!isSupported(input, output)) {
            throw new IllegalArgumentException(
                    "text generation is from String, ChatMessage[] or Input to String, TextStream"
                            + " or Output, not from "
                            + input.getName()
                            + " to "
                            + output.getName());
        }
        // What is wrong with an argument is said now, not at the first prompt.
        TextArguments.check(arguments);
        if (input == Input.class) {
            return (Translator<I, O>) new ServingTranslator(arguments);
        }
        return (Translator<I, O>)
                (output == TextStream.class
                        ? new TextStreamTranslator<I>(arguments)
                        : new TextTranslator<I>(arguments));
    }
}

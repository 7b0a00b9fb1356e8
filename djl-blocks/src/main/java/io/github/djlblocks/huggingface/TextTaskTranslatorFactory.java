package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.modality.Classifications;
import ai.djl.modality.nlp.qa.QAInput;
import ai.djl.modality.nlp.translator.NamedEntity;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import ai.djl.util.StringPair;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Makes the translators of {@link TextTasks}: which one is told by the types and, between filling
 * in and classification, by the head of the model.
 *
 * <table>
 * <caption>Arguments</caption>
 * <tr><th>name</th><th>of</th><th>value</th></tr>
 * <tr><td>{@code truncation}</td><td>all</td><td>{@code true} cuts long texts, {@code false}
 * refuses them</td></tr>
 * <tr><td>{@code promptName}, {@code prompt}</td><td>embeddings</td><td>the name of a prompt of the
 * model, or a prompt itself</td></tr>
 * <tr><td>{@code topK}, {@code maskToken}</td><td>filling in</td><td>how many tokens, 5; the token
 * to fill in, else that of tokenizer_config.json</td></tr>
 * <tr><td>{@code maxAnswerTokens}</td><td>answers</td><td>15</td></tr>
 * </table>
 */
public final class TextTaskTranslatorFactory implements TranslatorFactory, Serializable {

    private static final long serialVersionUID = 1L;

    /** Creates the factory; DJL does so by name. */
    public TextTaskTranslatorFactory() {}

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return Set.of(
                new Pair<>(String.class, float[].class),
                new Pair<>(String.class, Classifications.class),
                new Pair<>(String.class, NamedEntity[].class),
                new Pair<>(QAInput.class, String.class),
                new Pair<>(StringPair.class, float[].class));
    }

    @Override
    @SuppressWarnings("unchecked") // the types were looked at
    public <I, O> Translator<I, O> newInstance(
            Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
        if (!isSupported(input, output)) {
            throw new IllegalArgumentException(
                    "there is no text task from " + input.getName() + " to " + output.getName());
        }
        Path directory = model.getModelPath();
        try {
            ModelDescription description = Families.read(directory);
            return (Translator<I, O>) translator(input, output, directory, description, arguments);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Translator<?, ?> translator(
            Class<?> input,
            Class<?> output,
            Path directory,
            ModelDescription model,
            Map<String, ?> arguments)
            throws IOException {
        if (input == QAInput.class) {
            return new AnswerTranslator(requireHead(model, "ForQuestionAnswering"), arguments);
        }
        if (input == StringPair.class) {
            ModelDescription classifier = requireHead(model, "ForSequenceClassification");
            return new RerankingTranslator(classifier, directory, arguments);
        }
        if (output == float[].class) {
            return new EmbeddingTranslator(
                    model, SentenceConfig.of(directory, arguments), arguments);
        }
        if (output == NamedEntity[].class) {
            return new EntityTranslator(requireHead(model, "ForTokenClassification"), arguments);
        }
        return model.architecture().endsWith("ForSequenceClassification")
                ? new ClassificationTranslator(model, arguments)
                : new FillMaskTranslator(
                        requireHead(model, "ForMaskedLM", "ForPreTraining"), directory, arguments);
    }

    private static ModelDescription requireHead(ModelDescription model, String... heads) {
        for (String head : heads) {
            if (model.architecture().endsWith(head)) {
                return model;
            }
        }
        throw new IllegalArgumentException(
                "the model is a "
                        + model.architecture()
                        + ", but this task needs one whose class ends in "
                        + String.join(" or ", heads)
                        + (heads.length > 1 ? ", or in ForSequenceClassification" : ""));
    }
}

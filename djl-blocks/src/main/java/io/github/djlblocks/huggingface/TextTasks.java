package io.github.djlblocks.huggingface;

import ai.djl.Device;
import ai.djl.modality.Classifications;
import ai.djl.modality.nlp.qa.QAInput;
import ai.djl.modality.nlp.translator.NamedEntity;
import ai.djl.repository.zoo.Criteria;
import ai.djl.util.StringPair;
import java.nio.file.Path;

/**
 * Tasks of encoders from Hugging Face directories, as DJL's criteria: {@link
 * Criteria.Builder#build()}, {@link Criteria#loadModel()}, {@code newPredictor()}.
 *
 * <p>{@code Predictor.batchPredict} runs one pass for all its inputs, padded to the longest. What
 * is done to texts and scores is that of {@code sentence-transformers} and of the pipelines of
 * {@code transformers}. In {@code serving.properties} the same is {@code
 * translatorFactory=io.github.djlblocks.huggingface.TextTaskTranslatorFactory}, with the arguments
 * listed there.
 *
 * <p>Texts longer than the model takes are an {@link IllegalArgumentException}, the cause of a
 * {@code TranslateException}, but for embeddings and reranking, whose references shorten them; the
 * argument {@code truncation} says otherwise for each.
 */
public final class TextTasks {

    private TextTasks() {}

    /**
     * Describes sentence embeddings: the vectors of the tokens pooled as {@code
     * 1_Pooling/config.json} says (their mean if there is none), with the further modules of {@code
     * modules.json}, on texts with the prompt of {@code config_sentence_transformers.json} in front
     * and cut at {@code max_seq_length}. A head in the checkpoint is passed over.
     *
     * @param directory the Hugging Face directory of an encoder
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from text to vector
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, float[]> textEmbedding(
            Path directory, String engine, Device device) {
        return task(String.class, float[].class, directory, engine, device)
                .optArgument("head", "false");
    }

    /**
     * Describes filling in: the tokens that most likely stand in the place of the one mask token of
     * a text, with their probabilities.
     *
     * @param directory the Hugging Face directory of a masked language model
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from text to tokens, 5 of them unless argument {@code topK} says otherwise
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, Classifications> fillMask(
            Path directory, String engine, Device device) {
        return task(String.class, Classifications.class, directory, engine, device);
    }

    /**
     * Describes classification: the labels of a text, all of them. By {@code problem_type} scores
     * are the softmax of the logits, their sigmoid (several labels hold at once, or there is one)
     * or the logits (regression).
     *
     * @param directory the Hugging Face directory of a classifier of sequences
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from text to labels
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, Classifications> textClassification(
            Path directory, String engine, Device device) {
        return task(String.class, Classifications.class, directory, engine, device);
    }

    /**
     * Describes classification of tokens: those whose label is not {@code O}, with its probability
     * and the place in the text, from and to in units of {@link String#charAt}.
     *
     * @param directory the Hugging Face directory of a classifier of tokens
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from text to tokens, in their order
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, NamedEntity[]> tokenClassification(
            Path directory, String engine, Device device) {
        return task(String.class, NamedEntity[].class, directory, engine, device);
    }

    /**
     * Describes question answering: the part of a paragraph of at most 15 tokens (argument {@code
     * maxAnswerTokens}) whose first and last token have the highest sum of scores.
     *
     * @param directory the Hugging Face directory of a model for question answering
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from question and paragraph to answer
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<QAInput, String> questionAnswering(
            Path directory, String engine, Device device) {
        return task(QAInput.class, String.class, directory, engine, device);
    }

    /**
     * Describes reranking by a cross-encoder: the scores of a pair of texts. With one label they
     * are its sigmoid, with several their logits, unless the configuration names an activation.
     *
     * @param directory the Hugging Face directory of a classifier of sequences
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from two texts to their scores
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<StringPair, float[]> reranking(
            Path directory, String engine, Device device) {
        return task(StringPair.class, float[].class, directory, engine, device);
    }

    private static <I, O> Criteria.Builder<I, O> task(
            Class<I> input, Class<O> output, Path directory, String engine, Device device) {
        return HuggingFaceModels.criteria(input, output, directory, engine, device)
                .optTranslatorFactory(new TextTaskTranslatorFactory());
    }
}

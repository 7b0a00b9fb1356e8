package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.PretrainingHead;
import io.github.djlblocks.head.QuestionAnsweringHead;
import io.github.djlblocks.head.SequenceClassificationHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.head.TokenClassificationHead;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.HeadedEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An encoder and the heads it may have: a subclass says what its family has of its own. */
abstract class EncoderLike {

    static final String MODEL = "Model";
    static final String MASKED = "ForMaskedLM";
    static final String PRETRAINING = "ForPreTraining";
    static final String NEXT_SENTENCE = "ForNextSentencePrediction";
    static final String SEQUENCES = "ForSequenceClassification";
    static final String TOKENS = "ForTokenClassification";
    static final String ANSWERS = "ForQuestionAnswering";

    /** The model without head and pooler, which no class of the reference is. */
    private static final String BARE = "";

    private static final int TWO = 2;

    private final ConfigReader json;
    private final String family;
    private final String head;
    private final List<String> labels;

    /**
     * Reads what all encoders have.
     *
     * @param family what the names of its classes start with, such as {@code Bert}
     * @param further heads besides those all families have
     */
    EncoderLike(ConfigReader json, String family, String... further) {
        this.json = json;
        this.family = family;
        Set<String> heads = new TreeSet<>(Set.of(MODEL, MASKED, SEQUENCES, TOKENS, ANSWERS));
        heads.addAll(List.of(further));
        head = Architectures.headOf(json, family, heads);
        json.refuseUnless("is_decoder", "false");
        labels = labels(json);
    }

    private static List<String> labels(ConfigReader json) {
        if (!json.has("id2label")) {
            return unnamed(json.integer("num_labels", TWO));
        }
        ConfigReader byNumber = json.object("id2label");
        List<String> labels = new ArrayList<>();
        Set<String> numbers = new TreeSet<>();
        String next = "0";
        while (byNumber.has(next)) {
            labels.add(byNumber.text(next));
            numbers.add(next);
            next = Integer.toString(labels.size());
        }
        byNumber.refuseOthers(numbers, next);
        return labels;
    }

    private static List<String> unnamed(int count) {
        return IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
    }

    final ConfigReader json() {
        return json;
    }

    static ActivationFunction activation(ConfigReader json, String field, String otherwise) {
        return NamedActivations.of(json, field, json.text(field, otherwise));
    }

    abstract int vocabularySize();

    abstract int hiddenSize();

    abstract int layers();

    abstract int contextLength();

    /** A new encoder. */
    abstract Encoder encoder();

    /** The head of tokens but for its output: the transform in front. */
    abstract void transform(LanguageModelHead.Builder builder);

    /** Channels of the token embedding, which those of the output are. */
    int embeddingSize() {
        return hiddenSize();
    }

    /** Whether the head of tokens has a bias. */
    boolean headBias() {
        return true;
    }

    /** What pools for {@code pooler_output}, or none. */
    @Nullable Pooler pooler() {
        return null;
    }

    /** What pools before a classifier. */
    abstract Pooler classifierPooler();

    Block tokenHead(Linear classifier) {
        return TokenClassificationHead.of(classifier);
    }

    Block answerHead(Linear outputs) {
        return QuestionAnsweringHead.of(outputs);
    }

    /** Names the tensors of the encoder, whose paths start with something. */
    abstract void nameEncoder(TensorNames.Builder names, String tensors, String path);

    /** Names those of a pooler. */
    void namePooler(TensorNames.Builder names, String tensors, String path) {}

    /** Names those of the pooler in front of a classifier, which may be that of the model. */
    abstract void nameClassifierPooler(TensorNames.Builder names, String tensors, String path);

    /** Names those of the head of tokens. */
    abstract void nameHead(TensorNames.Builder names, String path);

    /** Names the transform of tokens in front of a classifier, if there is one. */
    void nameTransform(TensorNames.Builder names, String path) {}

    /** Names the classifier of sequences. */
    String classifier() {
        return "classifier.{p}";
    }

    /** Names the classifier of the second head of pretraining. */
    String relation() {
        return "cls.seq_relationship.{p}";
    }

    /** What names of the encoder start with where a head stands on it, such as {@code bert.}. */
    abstract String prefix();

    /** Tensors of heads, which a model without one passes over. */
    abstract List<String> headTensors();

    final ModelDescription describe() {
        return describe(head);
    }

    private ModelDescription describe(String kind) {
        boolean scoresTokens = kind.equals(MASKED) || kind.equals(PRETRAINING);
        boolean tied = json.flag("tie_word_embeddings", true) && scoresTokens;
        String top = kind.equals(PRETRAINING) ? "head.tokens." : "head.";
        ModelDescriptionBuilder builder =
                ModelDescription.builder(
                                ModelDescription.Kind.ENCODER,
                                json.text("model_type"),
                                kind.isEmpty() ? family + MODEL : family + kind)
                        .sizes(vocabularySize(), hiddenSize(), layers(), contextLength())
                        .names(names(kind, tied))
                        .labels(
                                kind.equals(SEQUENCES) || kind.equals(TOKENS) ? labels : List.of(),
                                json.text("problem_type", ""))
                        .variants(
                                () -> describe(BARE),
                                tensors -> kind.equals(MODEL) && !hasPooler(tensors));
        if (scoresTokens) {
            builder.head(tied, "encoder.embeddings.tokens.weight", top + "output.weight");
        }
        return builder.build(untied -> newBlock(kind, untied || !tied));
    }

    private boolean hasPooler(Set<String> tensors) {
        return pooler() != null
                && tensors.stream()
                        .anyMatch(
                                name ->
                                        name.startsWith("pooler.")
                                                || name.startsWith(prefix() + "pooler."));
    }

    private TensorNames names(String kind, boolean tied) {
        TensorNames.Builder names = TensorNames.builder();
        boolean alone = kind.equals(BARE) || (kind.equals(MODEL) && pooler() == null);
        boolean usual = kind.equals(BARE) || kind.equals(MODEL);
        // The first of two names is the one that is written.
        List<String> prefixes = usual ? List.of("", prefix()) : List.of(prefix(), "");
        for (String tensors : prefixes) {
            names.ignore(tensors + "embeddings.position_ids")
                    .ignore(tensors + "embeddings.token_type_ids");
            nameEncoder(names, tensors, alone ? "" : "encoder.");
            switch (kind) {
                case MODEL -> namePooler(names, tensors, "head.");
                case PRETRAINING -> nameClassifierPooler(names, tensors, "head.sequences.pooler.");
                case NEXT_SENTENCE, SEQUENCES ->
                        nameClassifierPooler(names, tensors, "head.pooler.");
                default ->
                        // Checkpoints of these classes often keep what they were made from.
                        names.ignore(tensors + "pooler.dense.{p}").ignore(tensors + "pooler.{p}");
            }
        }
        switch (kind) {
            case MASKED -> {
                nameHead(names, "head.");
                names.ignore(relation());
            }
            case PRETRAINING -> {
                nameHead(names, "head.tokens.");
                names.add(relation(), "head.sequences.classifier.{p}");
            }
            case NEXT_SENTENCE -> names.add(relation(), "head.classifier.{p}");
            case SEQUENCES -> names.add(classifier(), "head.classifier.{p}");
            case TOKENS -> {
                nameTransform(names, "head.transform.");
                names.add("classifier.{p}", "head.classifier.{p}");
            }
            case ANSWERS -> {
                nameTransform(names, "head.transform.");
                names.add(answers(), "head.outputs.{p}");
            }
            default -> headTensors().forEach(names::ignore);
        }
        if (tied) {
            names.build()
                    .tensor(
                            kind.equals(PRETRAINING)
                                    ? "head.tokens.output.weight"
                                    : "head.output.weight")
                    .ifPresent(decoder -> names.tie("encoder.embeddings.tokens.weight", decoder));
        }
        return names.build();
    }

    /** Names the scores of answers. */
    String answers() {
        return "qa_outputs.{p}";
    }

    private KernelBlock newBlock(String kind, boolean untied) {
        Encoder encoder = encoder();
        int e = hiddenSize();
        Pooler pooler = pooler();
        return switch (kind) {
            case MODEL -> pooler == null ? encoder : HeadedEncoder.withPooler(encoder, pooler);
            case MASKED -> HeadedEncoder.ofTokens(encoder, languageModelHead(encoder, untied));
            case PRETRAINING ->
                    HeadedEncoder.ofTokens(
                            encoder,
                            PretrainingHead.of(
                                    languageModelHead(encoder, untied), sequenceHead(TWO)));
            case NEXT_SENTENCE -> HeadedEncoder.ofSequences(encoder, sequenceHead(TWO));
            case SEQUENCES -> HeadedEncoder.ofSequences(encoder, sequenceHead(labels.size()));
            case TOKENS ->
                    HeadedEncoder.ofTokens(encoder, tokenHead(Linear.withBias(e, labels.size())));
            case ANSWERS -> HeadedEncoder.ofTokens(encoder, answerHead(Linear.withBias(e, TWO)));
            default -> encoder;
        };
    }

    private SequenceClassificationHead sequenceHead(int classes) {
        return SequenceClassificationHead.of(
                classifierPooler(), Linear.withBias(hiddenSize(), classes));
    }

    private LanguageModelHead languageModelHead(Encoder encoder, boolean untied) {
        LanguageModelHead.Builder builder = LanguageModelHead.builder().optBias(headBias());
        transform(builder);
        return untied
                ? builder.setOutput(Linear.withoutBias(embeddingSize(), vocabularySize())).build()
                : builder.setTable(encoder.getTokens()).build();
    }

    /** The vector of the first token, a dense layer, an activation. */
    static Pooler firstToken(int hiddenSize, ActivationFunction activation) {
        return Pooler.of(
                SequencePooling.of(Pooling.FIRST),
                Linear.withBias(hiddenSize, hiddenSize),
                activation);
    }

    /** Names a norm, whose weight and bias were called gamma and beta once. */
    static void nameNorm(TensorNames.Builder names, String tensor, String path) {
        names.add(tensor + ".weight", path + ".weight")
                .add(tensor + ".bias", path + ".bias")
                .add(tensor + ".gamma", path + ".weight")
                .add(tensor + ".beta", path + ".bias");
    }

    /** Names the bias of a head and the copies of it that some files have. */
    static void nameHeadBias(
            TensorNames.Builder names, String bias, String copy, String decoder, String path) {
        names.add(bias, path + "bias")
                .ignore(copy)
                .tie(path + "bias", copy)
                .add(decoder, path + "output.weight");
    }
}

package io.github.djlblocks.family;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.model.DecoderConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code config.json} describes: the sizes of a model, its blocks, and the names of its
 * parameters in a checkpoint. Nothing is allocated before a block is initialised.
 */
public final class ModelDescription {

    /** What kind of model it is, and so which block. */
    public enum Kind {
        /** {@link io.github.djlblocks.model.CausalLanguageModel}. */
        DECODER,
        /**
         * {@link io.github.djlblocks.model.Encoder}, or with a head {@link
         * io.github.djlblocks.model.HeadedEncoder}.
         */
        ENCODER,
        /** {@link io.github.djlblocks.model.EncoderDecoder}. */
        ENCODER_DECODER
    }

    private final Kind kind;
    private final String modelType;
    private final String architecture;
    private final int vocabularySize;
    private final int hiddenSize;
    private static final int MOST_LAYERS_OF_A_TENSOR = 10;

    private final int layers;
    private final int contextLength;
    private final boolean tiedHead;
    private final Set<Long> endTokens;
    private final TensorNames names;
    private final @Nullable String table;
    private final @Nullable String head;
    private final @Nullable DecoderConfig config;
    private final @Nullable Seq2SeqDescription seq2Seq;
    private final List<String> labels;
    private final String problemType;
    private final @Nullable Supplier<ModelDescription> bare;
    private final Predicate<Set<String>> isBare;
    private final Function<Boolean, KernelBlock> blocks;

    ModelDescription(ModelDescriptionBuilder builder) {
        kind = builder.kind;
        modelType = builder.modelType;
        architecture = builder.architecture;
        vocabularySize = Checks.positive("vocab_size", builder.vocabularySize);
        hiddenSize = Checks.positive("hidden_size", builder.hiddenSize);
        layers = Checks.positive("num_hidden_layers", builder.layers);
        contextLength = Checks.positive("max_position_embeddings", builder.contextLength);
        tiedHead = builder.tiedHead;
        endTokens = Set.copyOf(builder.endTokens);
        names = Objects.requireNonNull(builder.names, "names");
        blocks = Objects.requireNonNull(builder.blocks, "blocks");
        table = builder.table;
        head = builder.head;
        config = builder.config;
        seq2Seq = builder.seq2Seq;
        labels = List.copyOf(builder.labels);
        problemType = builder.problemType;
        bare = builder.bare;
        isBare = builder.isBare;
    }

    static ModelDescriptionBuilder builder(Kind kind, String modelType, String architecture) {
        return new ModelDescriptionBuilder(kind, modelType, architecture);
    }

    /**
     * Returns which kind of block it is.
     *
     * @return the kind
     */
    public Kind kind() {
        return kind;
    }

    /**
     * Returns the family.
     *
     * @return {@code model_type}
     */
    public String modelType() {
        return modelType;
    }

    /**
     * Returns the class of the reference.
     *
     * @return such as {@code LlamaForCausalLM}
     */
    public String architecture() {
        return architecture;
    }

    /**
     * Returns how many tokens there are.
     *
     * @return V
     */
    public int vocabularySize() {
        return vocabularySize;
    }

    /**
     * Returns the channels of the model.
     *
     * @return E
     */
    public int hiddenSize() {
        return hiddenSize;
    }

    /**
     * Returns how many layers there are; of an encoder-decoder, in the decoder.
     *
     * @return at least 1
     */
    public int layers() {
        return layers;
    }

    /**
     * Returns the longest sequence there are positions for.
     *
     * @return in tokens
     */
    public int contextLength() {
        return contextLength;
    }

    /**
     * Returns whether the head of tokens is the embedding table.
     *
     * @return whether they are one
     */
    public boolean hasTiedHead() {
        return tiedHead;
    }

    /**
     * Returns the tokens that end a text if no file says otherwise.
     *
     * @return those of the configuration, or of its class
     */
    public Set<Long> endTokens() {
        return endTokens;
    }

    /**
     * Returns the tokens that the decoder of an encoder-decoder starts from if no file says
     * otherwise.
     *
     * @return those of the configuration, or of its class; empty for other kinds, and where neither
     *     says any
     */
    public List<Long> decoderStartTokens() {
        return seq2Seq == null ? List.of() : seq2Seq.startTokens();
    }

    /**
     * Returns what an encoder-decoder has besides.
     *
     * @return sizes and tokens, or empty for another kind of model
     */
    public Optional<Seq2SeqDescription> seq2Seq() {
        return Optional.ofNullable(seq2Seq);
    }

    /**
     * Returns the names of the classes that a head tells apart.
     *
     * @return {@code id2label} in order; empty if there is no such head
     */
    public List<String> labels() {
        return labels;
    }

    /**
     * Returns what the scores of classes are.
     *
     * @return {@code problem_type}, such as {@code regression}; empty if there is none
     */
    public String problemType() {
        return problemType;
    }

    /**
     * Describes an encoder without head and pooler, whose tensors are passed over.
     *
     * @return the description
     * @throws UnsupportedOperationException if this family has none
     */
    public ModelDescription withoutHead() {
        if (bare == null) {
            throw new UnsupportedOperationException(architecture + " has no head to leave out");
        }
        return bare.get();
    }

    /**
     * Describes the model that a checkpoint holds: a {@code BertModel} may have a pooler or none.
     *
     * @param tensors the names in the checkpoint
     * @return the description
     */
    public ModelDescription fitting(Set<String> tensors) {
        return isBare.test(tensors) ? withoutHead() : this;
    }

    /**
     * Makes a new model.
     *
     * @return the block, not initialised
     */
    public KernelBlock newBlock() {
        return blocks.apply(false);
    }

    /**
     * Makes a new model whose head is a matrix of its own, whatever the configuration says: its
     * values are those of the embedding table then.
     *
     * @return the block, not initialised
     * @throws UnsupportedOperationException if this family has no such head
     */
    public KernelBlock newUntiedBlock() {
        if (tiedHead && head == null) {
            throw new UnsupportedOperationException(
                    modelType + " has no head that could be apart from its embedding table");
        }
        return blocks.apply(true);
    }

    /**
     * Returns the shapes to initialise the block for; -1 is any.
     *
     * @return a shape for each input
     */
    public Shape[] inputShapes() {
        Shape ids = new Shape(-1, -1);
        return kind == Kind.ENCODER_DECODER ? new Shape[] {ids, ids} : new Shape[] {ids};
    }

    /**
     * Opens the checkpoint of a directory, its tensors lying as those of the blocks.
     *
     * @param directory where it is
     * @return the tensors; close them
     * @throws IOException if there is none, or it cannot be read
     * @throws MalformedModelException if it is damaged, or so small that the layers cannot be in it
     */
    public TensorSource open(Path directory) throws IOException, MalformedModelException {
        TensorSource stored = Checkpoints.open(directory);
        int tensors = stored.names().size();
        // Layers may share theirs. What is made for each takes memory before a tensor is missed.
        if (layers / MOST_LAYERS_OF_A_TENSOR > tensors) {
            stored.close();
            throw new MalformedModelException(
                    "the configuration says there are "
                            + layers
                            + " layers, and the checkpoint in "
                            + directory
                            + " has "
                            + tensors
                            + " tensors: one of them is of another model");
        }
        return names.view(stored);
    }

    /**
     * Returns which tensor belongs to which parameter of {@link #newBlock}.
     *
     * @return the map
     */
    public WeightMap weightMap() {
        WeightMap.Builder map = names.weightMap();
        if (tiedHead && head != null) {
            // Some files keep a copy of the table under this name.
            names.tensor(head).ifPresent(map::ignore);
        }
        return map.build();
    }

    /**
     * Returns which tensor belongs to which parameter of {@link #newUntiedBlock}.
     *
     * @return the map
     */
    public WeightMap untiedWeightMap() {
        return names.weightMap().build();
    }

    /**
     * Returns the name of a parameter in a checkpoint.
     *
     * @param path the path of the parameter
     * @return the name, or empty if checkpoints of this family have none
     */
    public Optional<String> tensorName(String path) {
        return names.tensor(path);
    }

    /**
     * Returns whether a tensor lies in checkpoints as (in, out).
     *
     * @param tensor its name
     * @return whether it is turned while it is read and written
     */
    public boolean isTransposed(String tensor) {
        return names.isTurned(tensor);
    }

    /**
     * Returns whether a tensor lies in checkpoints as (1, N) where its parameter is (N).
     *
     * @param tensor its name
     * @return whether an axis is left out while it is read, and added while it is written
     */
    public boolean isRow(String tensor) {
        return names.isRow(tensor);
    }

    /**
     * Returns the path of the embedding table.
     *
     * @return the path, or empty if nothing is tied to it
     */
    public Optional<String> tablePath() {
        return Optional.ofNullable(table);
    }

    /**
     * Returns the path of a head of its own.
     *
     * @return the path, or empty if it can have none
     */
    public Optional<String> headPath() {
        return Optional.ofNullable(head);
    }

    /**
     * Returns sizes and rotary embedding of a decoder whose layers are shaped as those of Llama.
     *
     * @return the sizes, or empty for another shape
     */
    public Optional<DecoderConfig> decoderConfig() {
        return Optional.ofNullable(config);
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.model.DecoderConfig;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Collects what a family knows. */
final class ModelDescriptionBuilder {

    final ModelDescription.Kind kind;
    final String modelType;
    final String architecture;
    int vocabularySize;
    int hiddenSize;
    int layers;
    int contextLength;
    boolean tiedHead;
    Set<Long> endTokens = Set.of();
    @Nullable TensorNames names;
    @Nullable String table;
    @Nullable String head;
    @Nullable DecoderConfig config;
    @Nullable Seq2SeqDescription seq2Seq;
    List<String> labels = List.of();
    String problemType = "";
    @Nullable Supplier<ModelDescription> bare;
    Predicate<Set<String>> isBare = tensors -> false;
    @Nullable Function<Boolean, KernelBlock> blocks;

    ModelDescriptionBuilder(ModelDescription.Kind kind, String modelType, String architecture) {
        this.kind = kind;
        this.modelType = modelType;
        this.architecture = architecture;
    }

    ModelDescriptionBuilder sizes(
            int vocabularySize, int hiddenSize, int layers, int contextLength) {
        this.vocabularySize = vocabularySize;
        this.hiddenSize = hiddenSize;
        this.layers = layers;
        this.contextLength = contextLength;
        return this;
    }

    ModelDescriptionBuilder endTokens(Set<Long> endTokens) {
        this.endTokens = endTokens;
        return this;
    }

    ModelDescriptionBuilder names(TensorNames names) {
        this.names = names;
        return this;
    }

    /** Says whether the head is the table, and the paths of both where they are apart. */
    ModelDescriptionBuilder head(boolean tied, String table, @Nullable String head) {
        this.tiedHead = tied;
        this.table = table;
        this.head = head;
        return this;
    }

    /** Names the classes of a head, and says what their scores are. */
    ModelDescriptionBuilder labels(List<String> labels, String problemType) {
        this.labels = labels;
        this.problemType = problemType;
        return this;
    }

    /** Says what it is without its head, and which tensors are those of that. */
    ModelDescriptionBuilder variants(
            Supplier<ModelDescription> bare, Predicate<Set<String>> isBare) {
        this.bare = bare;
        this.isBare = isBare;
        return this;
    }

    ModelDescriptionBuilder config(DecoderConfig config) {
        this.config = config;
        return this;
    }

    ModelDescriptionBuilder seq2Seq(Seq2SeqDescription seq2Seq) {
        this.seq2Seq = seq2Seq;
        return this;
    }

    /** Makes blocks; given true, with a head of its own. */
    ModelDescription build(Function<Boolean, KernelBlock> blocks) {
        this.blocks = blocks;
        return new ModelDescription(this);
    }
}

package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A decoder of any shape: embedding, layers, norm, head. A subclass says what a layer is, and how
 * the parameters are called.
 */
abstract class DecoderFamily {

    /** Paths of the embedding and of a head of its own. */
    static final String EMBEDDING = "embedding.weight";

    static final String HEAD = "head.weight";

    /** What every decoder has. */
    record Sizes(
            int vocabulary,
            int hidden,
            int layers,
            int heads,
            int contextLength,
            boolean tiedHead,
            Set<Long> endTokens) {}

    private final ConfigReader json;
    private final Sizes sizes;

    DecoderFamily(ConfigReader json, Sizes sizes) {
        this.json = json;
        this.sizes = sizes;
    }

    final ConfigReader json() {
        return json;
    }

    final Sizes sizes() {
        return sizes;
    }

    /** A layer, (B, S, E) to (B, S, E). */
    abstract Block layer(int index);

    /** The norm after the last layer. */
    abstract Block norm();

    /** The names of parameters. */
    abstract TensorNames names();

    /** The rotary embeddings of the layers, if there are any. */
    List<RotaryEmbedding> rotaries() {
        return List.of();
    }

    /** Whatever else the model has. */
    void addTo(CausalLanguageModelBuilder model) {}

    /** A size by the name the reference writes, or by the common one, which wins. */
    static int size(ConfigReader json, String name, String common, int otherwise) {
        return json.integer(json.has(common) ? common : name, otherwise);
    }

    /** Channels of a head: all of them over the heads. */
    static int headDim(int hidden, int heads) {
        if (hidden % heads != 0) {
            throw new IllegalArgumentException(
                    "hidden_size ("
                            + hidden
                            + ") must be a multiple of num_attention_heads ("
                            + heads
                            + ")");
        }
        return hidden / heads;
    }

    /** An activation by its name in the reference. */
    static ActivationFunction activation(ConfigReader json, String field, String otherwise) {
        return NamedActivations.of(json, field, json.text(field, otherwise));
    }

    static Linear linear(int inputs, int outputs, boolean bias) {
        return bias ? Linear.withBias(inputs, outputs) : Linear.withoutBias(inputs, outputs);
    }

    private CausalLanguageModel newBlock(boolean untied) {
        List<Block> layers = new ArrayList<>();
        for (int i = 0; i < sizes.layers(); i++) {
            layers.add(layer(i));
        }
        CausalLanguageModelBuilder model =
                CausalLanguageModel.builder()
                        .setEmbedding(TokenEmbedding.of(sizes.vocabulary(), sizes.hidden()))
                        .setLayers(layers)
                        .setContextLength(sizes.contextLength())
                        .optNorm(norm())
                        .optRotary(rotaries().toArray(RotaryEmbedding[]::new));
        if (untied || !sizes.tiedHead()) {
            model.optHead(Linear.withoutBias(sizes.hidden(), sizes.vocabulary()));
        }
        addTo(model);
        return model.build();
    }

    /** What it comes to, for a class whose name ends so. */
    final ModelDescription describe(String architecture) {
        return ModelDescription.builder(
                        ModelDescription.Kind.DECODER,
                        json.text("model_type"),
                        Architectures.of(json, architecture))
                .sizes(sizes.vocabulary(), sizes.hidden(), sizes.layers(), sizes.contextLength())
                .endTokens(sizes.endTokens())
                .names(names())
                .head(sizes.tiedHead(), EMBEDDING, HEAD)
                .build(this::newBlock);
    }
}

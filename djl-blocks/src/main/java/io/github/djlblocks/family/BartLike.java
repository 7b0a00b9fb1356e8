package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EmbeddingConfig.Positions;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * BART (arXiv 1910.13461) and the encoder-decoders that have its parts: mBART (arXiv 2001.08210),
 * Pegasus (arXiv 1912.08777), Marian (arXiv 1804.00344), Blenderbot (arXiv 2004.13637). The
 * reference tells them apart by {@code model_type} alone.
 */
final class BartLike {

    /**
     * How a family differs, and its tokens if fields are absent.
     *
     * @param preNorm norms before sublayers, and one at the end of both stacks
     * @param embeddingNorm a norm of the embeddings
     * @param positions how positions are told
     * @param offset the row of position 0
     * @param sizes if fields are absent
     * @param start the first token of the decoder; none: that of the beginning of a text
     * @param begin of a text
     * @param end of a text
     */
    record Traits(
            boolean preNorm,
            boolean embeddingNorm,
            Positions positions,
            int offset,
            Sizes sizes,
            Set<Long> start,
            Set<Long> begin,
            Set<Long> end) {

        ModelDescription describe(ConfigReader json) {
            return new BartLike(json, this).describe();
        }
    }

    /** Sizes if fields are absent. */
    record Sizes(
            int vocabulary,
            int positions,
            int hidden,
            int feedForward,
            int encoderLayers,
            int decoderLayers,
            int encoderHeads,
            int decoderHeads) {

        static final Sizes LARGE = new Sizes(50265, 1024, 1024, 4096, 12, 12, 16, 16);
        static final Sizes MARIAN = new Sizes(58101, 1024, 1024, 4096, 12, 12, 16, 16);
        static final Sizes BLENDERBOT = new Sizes(8008, 128, 2560, 10240, 2, 24, 32, 32);
    }

    /** The families by their {@code model_type}. */
    static final Map<String, Traits> TRAITS =
            Map.of(
                    "bart",
                    new Traits(
                            false,
                            true,
                            Positions.LEARNED,
                            2,
                            Sizes.LARGE,
                            Set.of(2L),
                            Set.of(0L),
                            Set.of(2L)),
                    "mbart",
                    new Traits(
                            true,
                            true,
                            Positions.LEARNED,
                            2,
                            Sizes.LARGE,
                            Set.of(),
                            Set.of(0L),
                            Set.of(2L)),
                    "pegasus",
                    new Traits(
                            true,
                            false,
                            Positions.SINES_FIRST,
                            0,
                            Sizes.LARGE,
                            Set.of(0L),
                            Set.of(),
                            Set.of(1L)),
                    "marian",
                    new Traits(
                            false,
                            false,
                            Positions.SINES_FIRST,
                            0,
                            Sizes.MARIAN,
                            Set.of(58100L),
                            Set.of(),
                            Set.of(0L)),
                    "blenderbot",
                    new Traits(
                            true,
                            false,
                            Positions.LEARNED,
                            0,
                            Sizes.BLENDERBOT,
                            Set.of(1L),
                            Set.of(1L),
                            Set.of(2L)));

    private static final String TOKENS = ".embeddings.tokens.weight";
    private static final String HEAD = "decoder.head.output.weight";

    private final ConfigReader json;
    private final Traits traits;
    private final String architecture;
    private final int hidden;
    private final boolean shared;
    private final Seq2SeqConfig config;

    private BartLike(ConfigReader json, Traits traits) {
        this.json = json;
        this.traits = traits;
        architecture = Architectures.of(json, "ForConditionalGeneration", "MTModel", "Model");
        hidden = json.integer("d_model", traits.sizes().hidden());
        shared = json.flag("share_encoder_decoder_embeddings", true);
        refuseOthers();
        boolean tied = json.flag("tie_word_embeddings", true);
        if (isWithoutHead() && !tied) {
            throw new IllegalArgumentException(
                    "architectures ("
                            + architecture
                            + ") has no head, and tie_word_embeddings (false) says that it is not"
                            + " the embedding table: give a checkpoint of a whole model");
        }
        int tokens = json.integer("vocab_size", traits.sizes().vocabulary());
        int decoderTokens = json.integer("decoder_vocab_size", tokens);
        if (shared && decoderTokens != tokens) {
            throw new IllegalArgumentException(
                    "decoder_vocab_size ("
                            + decoderTokens
                            + ") must be vocab_size ("
                            + tokens
                            + "): share_encoder_decoder_embeddings says that they are one table");
        }
        config =
                new Seq2SeqConfig(
                        new EncoderConfig(embedding(tokens), stack("encoder")),
                        new EncoderConfig(embedding(decoderTokens), stack("decoder")),
                        shared,
                        tied,
                        1,
                        !isWithoutHead());
    }

    /** Whether checkpoints are those of a bare model, to which a tied head is added. */
    private boolean isWithoutHead() {
        return architecture.endsWith("Model") && !architecture.endsWith("MTModel");
    }

    /** Fields that would make it another family; the reference reads them no more. */
    private void refuseOthers() {
        boolean sinusoids = traits.positions() == Positions.SINES_FIRST;
        json.refuseUnless("normalize_before", String.valueOf(traits.preNorm()));
        json.refuseUnless("add_final_layer_norm", String.valueOf(traits.preNorm()));
        json.refuseUnless("normalize_embedding", String.valueOf(traits.embeddingNorm()));
        json.refuseUnless("static_position_embeddings", String.valueOf(sinusoids));
        if (!sinusoids) {
            json.refuseUnless("extra_pos_embeddings", String.valueOf(traits.offset()));
        }
        json.refuseUnless("tie_encoder_decoder", "false");
        json.refuseUnless("is_decoder", "false");
        json.flag("is_encoder_decoder", true);
    }

    private EmbeddingConfig embedding(int tokens) {
        return EmbeddingConfig.builder()
                .setVocabularySize(tokens)
                .setContextLength(
                        json.integer("max_position_embeddings", traits.sizes().positions()))
                .optPositions(traits.positions())
                .optPositionOffset(traits.offset())
                .optScale(json.flag("scale_embedding", false) ? Math.sqrt(hidden) : 1)
                .optNorm(traits.embeddingNorm())
                .build();
    }

    private StackConfig stack(String side) {
        Sizes sizes = traits.sizes();
        boolean encoder = side.equals("encoder");
        String field = "activation_function";
        ActivationFunction activation = NamedActivations.of(json, field, json.text(field, "gelu"));
        int heads = encoder ? sizes.encoderHeads() : sizes.decoderHeads();
        int layers = encoder ? sizes.encoderLayers() : sizes.decoderLayers();
        return StackConfig.builder()
                .setHiddenSize(hidden)
                .setFeedForwardSize(json.integer(side + "_ffn_dim", sizes.feedForward()))
                .setLayers(json.integer(side + "_layers", layers))
                .setHeads(json.integer(side + "_attention_heads", heads))
                .optNormEpsilon(1e-5)
                .optScheme(traits.preNorm() ? StackConfig.Scheme.PRE : StackConfig.Scheme.POST)
                .optActivation(activation)
                .build();
    }

    private ModelDescription describe() {
        Set<Long> begin = json.tokens("bos_token_id", traits.begin());
        Set<Long> start = json.tokens("decoder_start_token_id", traits.start());
        boolean beginIsForced = json.flag("force_bos_token_to_be_generated", false);
        EmbeddingConfig embedding = config.decoder().embedding();
        return ModelDescription.builder(
                        ModelDescription.Kind.ENCODER_DECODER,
                        json.text("model_type"),
                        architecture)
                .sizes(
                        embedding.vocabularySize(),
                        hidden,
                        config.decoder().stack().layers(),
                        embedding.contextLength())
                .endTokens(json.tokens("eos_token_id", traits.end()))
                .seq2Seq(
                        Seq2SeqDescription.of(
                                config,
                                start.isEmpty() ? begin : start,
                                json.tokens(
                                        "forced_bos_token_id", beginIsForced ? begin : Set.of()),
                                json.tokens("forced_eos_token_id", traits.end())))
                .names(names())
                .head(config.tiedHead(), (shared ? "encoder" : "decoder") + TOKENS, HEAD)
                .build(untied -> EncoderDecoders.model(untied ? config.withOwnHead() : config));
    }

    private TensorNames names() {
        TensorNames.Builder names =
                TensorNames.builder()
                        .add("final_logits_bias", "decoder.head.bias")
                        .row("final_logits_bias")
                        .add("lm_head.weight", HEAD);
        if (isWithoutHead()) {
            names.ignore("final_logits_bias");
        }
        // A bare model is saved without the prefix.
        addTables(names);
        for (String prefix : List.of("model.", "")) {
            addStack(names, prefix + "encoder.", "encoder.");
            addStack(names, prefix + "decoder.", "decoder.");
        }
        return names.build();
    }

    private void addTables(TensorNames.Builder names) {
        List<String> encoder = bothWays("encoder.embed_tokens.weight");
        List<String> decoder = bothWays("decoder.embed_tokens.weight");
        List<String> table = bothWays("shared.weight");
        if (shared) {
            table.forEach(name -> names.add(name, "encoder" + TOKENS));
            encoder.forEach(names::ignore);
            decoder.forEach(names::ignore);
            List<String> others = new ArrayList<>(encoder);
            others.addAll(decoder);
            if (config.tiedHead()) {
                others.add("lm_head.weight");
            }
            names.substitute(table.get(0), others);
        } else {
            encoder.forEach(name -> names.add(name, "encoder" + TOKENS));
            decoder.forEach(name -> names.add(name, "decoder" + TOKENS));
        }
    }

    private static List<String> bothWays(String name) {
        return List.of("model." + name, name);
    }

    private void addStack(TensorNames.Builder names, String tensor, String path) {
        boolean learned = traits.positions() == Positions.LEARNED;
        String positions = tensor + "embed_positions.weight";
        if (learned) {
            names.add(positions, path + "embeddings.positions.weight");
        } else {
            names.ignore(positions);
        }
        if (traits.embeddingNorm()) {
            names.add(tensor + "layernorm_embedding.{p}", path + "embeddings.norm.{p}");
        }
        if (traits.preNorm()) {
            names.add(tensor + "layer_norm.{p}", path + "norm.{p}");
        }
        names.ignore(tensor + "version");
        String layer = path + "layers.{i}.";
        attention(names, tensor + "layers.{i}.self_attn", layer + "attention.");
        if (path.equals("decoder.")) {
            attention(names, tensor + "layers.{i}.encoder_attn", layer + "crossAttention.");
        }
        names.add(tensor + "layers.{i}.fc1.{p}", layer + "feedForward.sublayer.up.{p}")
                .add(tensor + "layers.{i}.fc2.{p}", layer + "feedForward.sublayer.down.{p}")
                .add(tensor + "layers.{i}.final_layer_norm.{p}", layer + "feedForward.norm.{p}");
    }

    private static void attention(TensorNames.Builder names, String tensor, String path) {
        names.add(tensor + ".q_proj.{p}", path + "sublayer.query.{p}")
                .add(tensor + ".k_proj.{p}", path + "sublayer.key.{p}")
                .add(tensor + ".v_proj.{p}", path + "sublayer.value.{p}")
                .add(tensor + ".out_proj.{p}", path + "sublayer.output.{p}")
                .add(tensor + "_layer_norm.{p}", path + "norm.{p}");
    }
}

package io.github.djlblocks.generation;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.RandomTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Llama models of 16 tokens, in memory and as Hugging Face directories. */
final class TinyLlama {

    static final int VOCABULARY = 16;
    static final int CONTEXT = 12;

    static final String CONFIG =
            """
            {"model_type": "llama", "vocab_size": 16, "hidden_size": 16,
             "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 6, "max_position_embeddings": 12,
             "eos_token_id": 5}
            """;

    /** The smallest tokenizer there is: words. */
    static final String WORDS =
            """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [{"id": 5, "content": "</s>", "single_word": false, "lstrip": false,
                               "rstrip": false, "normalized": false, "special": true}],
             "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
             "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "unk_token": "[UNK]",
                       "vocab": {"[UNK]": 0, "once": 1, "upon": 2, "a": 3, "time": 4, "</s>": 5,
                                 "there": 6, "was": 7}}}
            """;

    /** Bytes as tokens; E2, 82 and AC, together the euro sign, are three of them. */
    static final String BYTES =
            """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [{"id": 5, "content": "</s>", "single_word": false, "lstrip": false,
                               "rstrip": false, "normalized": false, "special": true}],
             "normalizer": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
                               "trim_offsets": true, "use_regex": true},
             "post_processor": null,
             "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                         "use_regex": true},
             "model": {"type": "BPE", "dropout": null, "unk_token": null,
                       "continuing_subword_prefix": null, "end_of_word_suffix": null,
                       "fuse_unk": false, "byte_fallback": false, "merges": [],
                       "vocab": {"x": 0, "a": 1, "\\u00e2": 2, "\\u0124": 3, "\\u00ac": 4, "</s>": 5,
                                 "b": 6}}}
            """;

    /** Bytes by fallback, as Llama 2 has them. */
    static final String BYTE_FALLBACK =
            """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [{"id": 5, "content": "</s>", "single_word": false, "lstrip": false,
                               "rstrip": false, "normalized": false, "special": true}],
             "normalizer": null, "pre_tokenizer": null, "post_processor": null,
             "decoder": {"type": "Sequence", "decoders": [
                 {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                 {"type": "ByteFallback"}, {"type": "Fuse"},
                 {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
                       "continuing_subword_prefix": null, "end_of_word_suffix": null,
                       "fuse_unk": true, "byte_fallback": true, "merges": [],
                       "vocab": {"<unk>": 0, "a": 1, "<0xC3>": 2, "<0xA9>": 3, "<0xD0>": 4,
                                 "</s>": 5, "<0x94>": 6, "<0xCF>": 7, "<0x89>": 8, "<0xD7>": 9,
                                 "<0x90>": 10, "x": 11}}}
            """;

    private TinyLlama() {}

    static DecoderConfig config() {
        return DecoderConfig.builder()
                .setVocabularySize(VOCABULARY)
                .setHiddenSize(VOCABULARY)
                .setFeedForwardSize(20)
                .setLayers(2)
                .setQueryHeads(4)
                .setContextLength(CONTEXT)
                .optKeyValueHeads(2)
                .optHeadDim(6)
                .build();
    }

    /** A model with the same random bits on every engine. */
    static CausalLanguageModel random(NDManager manager, DataType dataType) {
        CausalLanguageModel model = Decoders.languageModel(config());
        long seed = 40;
        for (Parameter parameter : ParameterPaths.of(model).values()) {
            long mine = seed++;
            parameter.setInitializer(
                    (owner, shape, type) ->
                            RandomTensors.toNDArray(
                                    owner,
                                    RandomTensors.normal(mine, shape.getShape()),
                                    shape,
                                    type));
        }
        model.initialize(manager, dataType, new Shape(1, 1));
        return model;
    }

    /**
     * A model whose next token is known: no layer adds anything, the embedding is the identity, and
     * row {@code n} of the head picks the tokens that {@code n} follows.
     */
    static CausalLanguageModel successor(NDManager manager, Map<Integer, Integer> next) {
        CausalLanguageModel model = Decoders.languageModel(config());
        ParameterPaths.of(model)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) ->
                                                RandomTensors.toNDArray(
                                                        owner,
                                                        values(path, shape, next),
                                                        shape,
                                                        type)));
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static double[] values(String path, Shape shape, Map<Integer, Integer> next) {
        double[] values = new double[Math.toIntExact(shape.size())];
        if (path.equals("embedding.weight")) {
            for (int token = 0; token < VOCABULARY; token++) {
                values[token * VOCABULARY + token] = 1;
            }
        } else if (path.equals("head.weight")) {
            next.forEach((token, follower) -> values[follower * VOCABULARY + token] = 1);
        } else if (path.endsWith("norm.weight")) {
            Arrays.fill(values, 1);
        }
        return values;
    }

    /** Writes a directory as Hugging Face has it. */
    static Path write(Path directory, CausalLanguageModel model, StoredType type, String tokenizer)
            throws IOException {
        HuggingFaceModels.saveWeights(model, directory, type);
        Files.writeString(directory.resolve("config.json"), CONFIG);
        Files.writeString(directory.resolve("tokenizer.json"), tokenizer);
        return directory;
    }
}

package io.github.djlblocks.tasks;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Directories of BERT models of 16 tokens, 12 channels and random weights. */
final class TinyEncoder {

    static final int CHANNELS = 12;

    /** Word pieces, written small, with the templates of BERT. */
    static final String TOKENIZER =
            """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [%s],
             "normalizer": {"type": "Lowercase"},
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "TemplateProcessing",
               "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                          {"Sequence": {"id": "A", "type_id": 0}},
                          {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
               "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}},
                        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                        {"Sequence": {"id": "B", "type_id": 1}},
                        {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
               "special_tokens": {
                 "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                 "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
             "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
             "model": {"type": "WordPiece", "unk_token": "[UNK]",
               "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
               "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "the": 5,
                         "cat": 6, "sat": 7, "on": 8, "mat": 9, "##s": 10, "a": 11, "dog": 12,
                         "ran": 13, "query": 14, ":": 15}}}
            """
                    .formatted(
                            String.join(
                                    ", ",
                                    special(0, "[PAD]"),
                                    special(1, "[UNK]"),
                                    special(2, "[CLS]"),
                                    special(3, "[SEP]"),
                                    special(4, "[MASK]")));

    private TinyEncoder() {}

    private static String special(int id, String token) {
        return "{\"id\": "
                + id
                + ", \"content\": \""
                + token
                + "\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false,"
                + " \"normalized\": false, \"special\": true}";
    }

    /** Writes a directory; the model has some class and further fields. */
    static void write(EngineUnderTest engine, Path directory, String architecture, String fields)
            throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), TOKENIZER);
        Files.writeString(
                directory.resolve(Families.CONFIG_FILE),
                """
                {"model_type": "bert", "architectures": ["%s"], "vocab_size": 16,
                 "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2,
                 "num_attention_heads": 3, "max_position_embeddings": 14 %s}
                """
                        .formatted(architecture, fields));
        ModelDescription description = Families.read(directory);
        KernelBlock block = description.newBlock();
        long seed = 70;
        for (Parameter parameter : ParameterPaths.of(block).values()) {
            long mine = seed++;
            parameter.setInitializer(
                    (owner, shape, type) ->
                            RandomTensors.toNDArray(
                                    owner,
                                    RandomTensors.normal(mine, shape.getShape()),
                                    shape,
                                    type));
        }
        try (NDManager manager = engine.newManager()) {
            block.initialize(manager, DataType.FLOAT32, description.inputShapes());
            HuggingFaceModels.saveWeights(block, description, directory, StoredType.F32);
        }
    }

    /** What the model gives for the tokens of one text, of which some are of the second type. */
    static double[][] outputs(
            EngineUnderTest engine, Path directory, boolean head, int second, long... ids)
            throws IOException, MalformedModelException {
        try (NDManager manager = engine.newManager()) {
            LoadOptions options =
                    LoadOptions.defaults().withCompile(LoadOptions.Compile.OFF).withHead(head);
            KernelBlock block = HuggingFaceModels.loadBlock(directory, manager, options);
            long[] types = new long[ids.length];
            for (int i = ids.length - second; i < ids.length; i++) {
                types[i] = 1;
            }
            Shape shape = new Shape(1, ids.length);
            NDArray tokens = manager.create(ids, shape);
            NDList inputs =
                    new NDList(
                            tokens,
                            manager.ones(shape, DataType.INT64),
                            manager.create(types, shape));
            NDList outputs = block.forward(new ParameterStore(manager, false), inputs, false);
            return outputs.stream().map(HostValues::of).toArray(double[][]::new);
        }
    }
}

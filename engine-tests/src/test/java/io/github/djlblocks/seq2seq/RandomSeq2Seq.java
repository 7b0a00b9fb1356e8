package io.github.djlblocks.seq2seq;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.internal.ParameterPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Directories of small random models, written value by value: matrices uniform with variance {@code
 * 1 / in}, so that activations keep their size, norms about 1, biases about 0.
 */
final class RandomSeq2Seq {

    static final String T5 =
            """
            {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"],
             "vocab_size": 96, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2,
             "num_heads": 6, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
            """;

    static final String T5_GATED =
            """
            {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"],
             "vocab_size": 96, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2,
             "num_decoder_layers": 1, "num_heads": 6, "feed_forward_proj": "gated-gelu",
             "tie_word_embeddings": false, "decoder_start_token_id": 0}
            """;

    static final String BART =
            """
            {"model_type": "bart", "architectures": ["BartForConditionalGeneration"],
             "vocab_size": 96, "d_model": 64, "encoder_layers": 2, "decoder_layers": 1,
             "encoder_attention_heads": 4, "decoder_attention_heads": 2, "encoder_ffn_dim": 128,
             "decoder_ffn_dim": 64, "max_position_embeddings": 64, "scale_embedding": true,
             "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
             "decoder_start_token_id": 2}
            """;

    private RandomSeq2Seq() {}

    static ModelDescription describe(Path directory, String config) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(HuggingFaceModels.CONFIG_FILE), config);
        return HuggingFaceModels.describe(directory);
    }

    /** Values by the names of their tensors, in the shapes they have in a file. */
    static Map<String, Shape> tensors(ModelDescription description) {
        Map<String, Shape> tensors = new TreeMap<>();
        ParameterPaths.of(description.newBlock())
                .forEach(
                        (path, parameter) -> {
                            String name = description.tensorName(path).orElseThrow();
                            Shape shape = parameter.getShape();
                            boolean row = description.isRow(name);
                            tensors.put(name, row ? new Shape(1, shape.size()) : shape);
                        });
        return tensors;
    }

    static void write(Path directory, String config, StoredType type) throws IOException {
        ModelDescription description = describe(directory, config);
        SafetensorsWriter writer = new SafetensorsWriter();
        SplittableRandom random = new SplittableRandom(17);
        tensors(description)
                .forEach(
                        (name, shape) ->
                                writer.add(name, values(name, shape, random), shape, type));
        writer.write(directory.resolve("model.safetensors"));
    }

    private static double[] values(String name, Shape shape, SplittableRandom random) {
        double[] values = new double[Math.toIntExact(shape.size())];
        boolean matrix = shape.dimension() == 2 && shape.get(0) > 1;
        double size = matrix ? Math.sqrt(3.0 / shape.get(1)) : 0.1;
        double centre = !matrix && name.endsWith("weight") ? 1 : 0;
        Arrays.setAll(values, i -> centre + size * (2 * random.nextDouble() - 1));
        return values;
    }
}

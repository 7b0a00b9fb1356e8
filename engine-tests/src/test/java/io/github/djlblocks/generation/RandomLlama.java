package io.github.djlblocks.generation;

import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.internal.SmallFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * Hugging Face directories of random Llama models of any size, written value by value: matrices
 * uniform with variance {@code 1 / in}, so that activations keep their size, norms about 1.
 */
record RandomLlama(
        int hidden,
        int feedForward,
        int layers,
        int heads,
        int keyValueHeads,
        int vocabulary,
        boolean tied) {

    private static final int PIECE = 1 << 20;

    Path write(Path directory, StoredType type, int files) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), config());
        Files.writeString(directory.resolve("tokenizer.json"), TinyLlama.WORDS);
        List<Map.Entry<String, int[]>> tensors = new ArrayList<>(tensors().entrySet());
        if (files == 1) {
            write(directory.resolve("model.safetensors"), tensors, type, 0);
            return directory;
        }
        Map<String, String> index = new LinkedHashMap<>();
        for (int file = 0; file < files; file++) {
            String name = "model-%05d-of-%05d.safetensors".formatted(file + 1, files);
            int from = tensors.size() * file / files;
            int to = tensors.size() * (file + 1) / files;
            write(directory.resolve(name), tensors.subList(from, to), type, from);
            tensors.subList(from, to).forEach(tensor -> index.put(tensor.getKey(), name));
        }
        String entries =
                index.entrySet().stream()
                        .map(e -> "\"%s\": \"%s\"".formatted(e.getKey(), e.getValue()))
                        .collect(Collectors.joining(", "));
        Files.writeString(
                directory.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {" + entries + "}}");
        return directory;
    }

    String config() {
        return """
        {"model_type": "llama", "vocab_size": %d, "hidden_size": %d,
         "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
         "num_key_value_heads": %d, "max_position_embeddings": 128,
         "tie_word_embeddings": %b, "eos_token_id": 5}
        """
                .formatted(vocabulary, hidden, feedForward, layers, heads, keyValueHeads, tied);
    }

    Map<String, int[]> tensors() {
        int keys = hidden / heads * keyValueHeads;
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new int[] {vocabulary, hidden});
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new int[] {hidden});
            shapes.put(layer + "self_attn.q_proj.weight", new int[] {hidden, hidden});
            shapes.put(layer + "self_attn.k_proj.weight", new int[] {keys, hidden});
            shapes.put(layer + "self_attn.v_proj.weight", new int[] {keys, hidden});
            shapes.put(layer + "self_attn.o_proj.weight", new int[] {hidden, hidden});
            shapes.put(layer + "post_attention_layernorm.weight", new int[] {hidden});
            shapes.put(layer + "mlp.gate_proj.weight", new int[] {feedForward, hidden});
            shapes.put(layer + "mlp.up_proj.weight", new int[] {feedForward, hidden});
            shapes.put(layer + "mlp.down_proj.weight", new int[] {hidden, feedForward});
        }
        shapes.put("model.norm.weight", new int[] {hidden});
        if (!tied) {
            shapes.put("lm_head.weight", new int[] {vocabulary, hidden});
        }
        return shapes;
    }

    private static long size(int[] shape) {
        return shape.length == 1 ? shape[0] : (long) shape[0] * shape[1];
    }

    private static void write(
            Path file, List<Map.Entry<String, int[]>> tensors, StoredType type, int seed)
            throws IOException {
        List<String> entries = new ArrayList<>();
        long end = 0;
        for (Map.Entry<String, int[]> tensor : tensors) {
            int[] shape = tensor.getValue();
            long begin = end;
            end += size(shape) * type.byteSize();
            String sizes = shape.length == 1 ? shape[0] + "" : shape[0] + ", " + shape[1];
            entries.add(
                    "\"%s\": {\"dtype\": \"%s\", \"shape\": [%s], \"data_offsets\": [%d, %d]}"
                            .formatted(tensor.getKey(), type, sizes, begin, end));
        }
        byte[] header = ("{" + String.join(", ", entries) + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer piece = ByteBuffer.allocate(PIECE + 8).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel out =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(piece.putLong(header.length).flip());
            out.write(ByteBuffer.wrap(header));
            piece.clear();
            for (int t = 0; t < tensors.size(); t++) {
                int[] shape = tensors.get(t).getValue();
                SplittableRandom random = new SplittableRandom(seed + t);
                boolean norm = shape.length == 1;
                // Uniform over +- w has variance w^2 / 3.
                double width = norm ? 0.2 : Math.sqrt(3.0 / shape[1]);
                for (long i = size(shape); i > 0; i--) {
                    double value = (norm ? 1 : 0) + width * (2 * random.nextDouble() - 1);
                    switch (type) {
                        case BF16 -> piece.putShort(SmallFloats.doubleToBfloat16(value));
                        case F16 -> piece.putShort(SmallFloats.doubleToHalf(value));
                        default -> piece.putFloat((float) value);
                    }
                    if (piece.position() >= PIECE) {
                        out.write(piece.flip());
                        piece.clear();
                    }
                }
            }
            out.write(piece.flip());
        }
    }
}

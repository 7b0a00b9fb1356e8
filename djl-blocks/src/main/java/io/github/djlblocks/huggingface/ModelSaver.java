package io.github.djlblocks.huggingface;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.djlblocks.checkpoint.CheckpointWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.Encoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** What of a model goes into the files of a Hugging Face directory, and under which names. */
final class ModelSaver {

    /** What else a directory may have: how to generate, and how to read and write text. */
    private static final List<String> COMPANIONS =
            List.of(
                    "generation_config.json",
                    "tokenizer.json",
                    "tokenizer_config.json",
                    "tokenizer.model",
                    "special_tokens_map.json",
                    "added_tokens.json",
                    "vocab.json",
                    "vocab.txt",
                    "merges.txt",
                    "spiece.model",
                    "sentencepiece.bpe.model",
                    "chat_template.jinja");

    private static final Gson JSON =
            new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

    private final ModelDescription description;
    private final StoredType type;
    private final Map<String, Parameter> parameters;
    private final CheckpointWriter writer;

    ModelSaver(Block model, ModelDescription description, StoredType type) {
        boolean bare =
                model instanceof Encoder && description.kind() == ModelDescription.Kind.ENCODER;
        this.description = bare ? description.withoutHead() : description;
        this.type = type;
        parameters = new TreeMap<>(ParameterPaths.of(model));
        writer = new CheckpointWriter(type);
        ParameterPaths.of(model).forEach(this::requireValues);
        dropTiedHead();
        ParameterPaths.of(model).keySet().forEach(this::add);
    }

    CheckpointWriter writer() {
        return writer;
    }

    private void requireValues(String path, Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new IllegalArgumentException(
                    "parameter "
                            + path
                            + " has no values: weights that are packed for compiled passes"
                            + " cannot be saved; load the model without a weight format");
        }
    }

    /** A head of its own is not stored where the configuration says that it is the table. */
    private void dropTiedHead() {
        Optional<String> head = description.headPath();
        if (!description.hasTiedHead() || head.isEmpty()) {
            return;
        }
        Parameter own = parameters.get(head.get());
        Parameter table = parameters.get(description.tablePath().orElse(""));
        if (own == null || table == null) {
            return;
        }
        if (!CheckpointWriter.isCopy(own.getArray(), table.getArray())) {
            throw new IllegalArgumentException(
                    "the values of "
                            + head.get()
                            + " are not those of "
                            + description.tablePath().orElse("")
                            + ", which the configuration says they are: describe the model with"
                            + " tie_word_embeddings false");
        }
        parameters.remove(head.get());
    }

    private void add(String path) {
        Parameter parameter = parameters.get(path);
        if (parameter == null) {
            return;
        }
        String name =
                description
                        .tensorName(path)
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "parameter "
                                                        + path
                                                        + " has no name in a checkpoint of "
                                                        + description.modelType()
                                                        + (path.contains(".adapters.")
                                                                ? ": merge its adapter and keep it"
                                                                        + " merged, or remove it"
                                                                : "")));
        NDArray array = parameter.getArray();
        if (description.isRow(name)) {
            writer.addRow(name, array);
        } else {
            writer.add(name, array, description.isTransposed(name));
        }
    }

    /** Requires what the description builds, parameter by parameter. */
    void requireWhole() {
        Map<String, Shape> described = new TreeMap<>();
        ParameterPaths.of(description.newBlock())
                .forEach((path, parameter) -> described.put(path, parameter.getShape()));
        Map<String, Shape> held = new TreeMap<>();
        parameters.forEach((path, parameter) -> held.put(path, parameter.getArray().getShape()));
        Map<String, Shape> missing = new TreeMap<>(described);
        missing.entrySet().removeAll(held.entrySet());
        Map<String, Shape> further = new TreeMap<>(held);
        further.entrySet().removeAll(described.entrySet());
        if (!missing.isEmpty() || !further.isEmpty()) {
            throw new IllegalArgumentException(
                    "the configuration does not describe this model: it has "
                            + missing
                            + ", the model has "
                            + further);
        }
    }

    /**
     * Adds the configuration, and what else is beside it.
     *
     * @param source a directory, or a configuration alone
     */
    void addConfig(Path source) throws IOException {
        boolean isDirectory = Files.isDirectory(source);
        writer.addFile(
                Families.CONFIG_FILE,
                config(isDirectory ? source.resolve(Families.CONFIG_FILE) : source));
        for (String companion : COMPANIONS) {
            Path file = source.resolve(companion);
            if (isDirectory && Files.isRegularFile(file)) {
                writer.addFile(companion, Files.readAllBytes(file));
            }
        }
    }

    /** As it is, but for the type of the weights. */
    private byte[] config(Path file) throws IOException {
        String text = Files.readString(file);
        JsonObject json = JsonParser.parseString(text).getAsJsonObject();
        JsonPrimitive stored = new JsonPrimitive(nameOf(type));
        boolean changed = false;
        for (String field : new String[] {"torch_dtype", "dtype"}) {
            if (json.has(field) && !Objects.equals(json.get(field), stored)) {
                json.add(field, stored);
                changed = true;
            }
        }
        String kept = changed ? JSON.toJson(json) + "\n" : text;
        return kept.getBytes(StandardCharsets.UTF_8);
    }

    private static String nameOf(StoredType type) {
        return switch (type) {
            case F64 -> "float64";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }
}

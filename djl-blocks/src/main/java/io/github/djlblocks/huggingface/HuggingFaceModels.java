package io.github.djlblocks.huggingface;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.repository.zoo.Criteria;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Models from Hugging Face directories: {@code config.json}, {@code model.safetensors} or its
 * shards, {@code tokenizer.json}.
 *
 * <p>Known {@code model_type}: {@code llama}. Every field of {@code LlamaConfig} that changes the
 * arithmetic is honoured; fields by which other families and quantised files change it are refused
 * by name.
 */
public final class HuggingFaceModels {

    /** The name of the configuration in a directory. */
    public static final String CONFIG_FILE = "config.json";

    private HuggingFaceModels() {}

    /**
     * Describes text generation from a directory, for {@link Criteria.Builder#build()} and {@link
     * Criteria#loadModel()}. Any directory will do; {@code serving.properties} in it are honoured.
     *
     * @param directory the Hugging Face directory
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from prompt to generated text
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, String> textGeneration(
            Path directory, String engine, Device device) {
        requireEngine(engine);
        requireDevice(engine, device);
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException(
                    "model directory "
                            + directory.toAbsolutePath()
                            + " does not exist: give one with "
                            + CONFIG_FILE
                            + ", safetensors and tokenizer.json");
        }
        return Criteria.builder()
                .setTypes(String.class, String.class)
                .optModelPath(directory)
                .optEngine(engine)
                .optDevice(device)
                .optArgument("blockFactory", HuggingFaceBlockFactory.class.getName())
                // The block factory has loaded the weights; DJL is not to look for a .params file.
                .optOption("hasParameter", "false")
                .optTranslatorFactory(new TextGenerationTranslatorFactory());
    }

    /**
     * Requires an engine.
     *
     * @param engine its name
     * @throws IllegalArgumentException if it is not on the classpath; the message lists those that
     *     are
     */
    public static void requireEngine(String engine) {
        if (!Engine.hasEngine(engine)) {
            Set<String> found = new TreeSet<>(Engine.getAllEngines());
            throw new IllegalArgumentException(
                    "engine '"
                            + engine
                            + "' is not on the classpath, found "
                            + found
                            + ": add its DJL dependency, or name one of these");
        }
    }

    private static void requireDevice(String engine, Device device) {
        int gpus = device.isGpu() ? Engine.getEngine(engine).getGpuCount() : 0;
        if (device.isGpu() && device.getDeviceId() >= gpus) {
            throw new IllegalArgumentException(
                    "engine "
                            + engine
                            + " sees "
                            + gpus
                            + " GPUs, so there is no device "
                            + device
                            + ": use cpu, or natives with CUDA");
        }
    }

    /**
     * Reads the configuration of a directory.
     *
     * @param directory the Hugging Face directory
     * @return the sizes of its model
     * @throws IOException if config.json cannot be read
     * @throws IllegalArgumentException if it describes a model that cannot be built; the message
     *     names the field
     */
    public static DecoderConfig readConfig(Path directory) throws IOException {
        ConfigReader json = ConfigReader.of(directory.resolve(CONFIG_FILE));
        String type = json.text("model_type");
        if (!type.equals(LlamaFamily.MODEL_TYPE)) {
            throw json.unknown("model_type", type, Set.of(LlamaFamily.MODEL_TYPE));
        }
        return LlamaFamily.config(json);
    }

    /**
     * Builds the model of a directory and loads its weights, for inference: parameters are frozen,
     * and on engine PyTorch passes run compiled where that can be.
     *
     * @param directory the Hugging Face directory
     * @param manager owns the parameters, on their engine and device
     * @param dataType FLOAT32, FLOAT64, or FLOAT16 where the engine can compute it
     * @return the initialised model
     * @throws IOException if a file cannot be read
     * @throws MalformedModelException if weights are missing, unexpected, of other shapes, or the
     *     file is damaged
     * @throws IllegalArgumentException if the data type cannot be computed or the configuration
     *     cannot be built
     */
    public static CausalLanguageModel load(Path directory, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        return load(directory, manager, LoadOptions.defaults().withDataType(dataType));
    }

    /**
     * Builds the model of a directory and loads its weights, for inference: parameters are frozen.
     * What is compiled and packed ends with the manager.
     *
     * @param directory the Hugging Face directory
     * @param manager owns the weights, on their engine and device
     * @param options in which types and formats, and whether compiled
     * @return the model; its parameters have values unless weights are packed
     * @throws IOException if a file cannot be read
     * @throws MalformedModelException if weights are missing, unexpected, of other shapes, or the
     *     file is damaged
     * @throws IllegalArgumentException if the data type cannot be computed, the configuration
     *     cannot be built, the engine cannot compile and has to, or a format does not take a
     *     weight's shape or values
     */
    public static CausalLanguageModel load(Path directory, NDManager manager, LoadOptions options)
            throws IOException, MalformedModelException {
        boolean compiles = options.compiles(manager.getEngine().getEngineName());
        DecoderConfig config = readConfig(directory);
        CausalLanguageModel model = Decoders.languageModel(config);
        try (TensorSource source = Checkpoints.open(directory)) {
            if (!options.hasFormats()) {
                fill(model, source, config, manager, options.dataType());
                if (compiles) {
                    CompiledModels.compile(model, manager, options.isRequired());
                }
                return model;
            }
            ModelWeights weights = new ModelWeights(model, config.tiedHead(), options);
            if (compiles) {
                model.freezeParameters(true);
                LoadReport report =
                        CheckpointLoader.check(model, source, weightMap(config), DataType.FLOAT32);
                CompiledModels.pack(model, manager, weights.selection(), source, report);
                return model;
            }
            DecoderConfig untied = config.withTiedHead(false);
            CausalLanguageModel twin = Decoders.languageModel(untied);
            fill(
                    twin,
                    weights.rounded(source, weightMap(untied)),
                    untied,
                    manager,
                    DataType.FLOAT32);
            return twin;
        }
    }

    private static void fill(
            CausalLanguageModel model,
            TensorSource source,
            DecoderConfig config,
            NDManager manager,
            DataType dataType)
            throws MalformedModelException {
        model.freezeParameters(true);
        CheckpointLoader.load(
                model, source, weightMap(config), manager, dataType, new Shape(-1, -1));
    }

    /**
     * Writes the weights of a Llama model under their Hugging Face names, as {@code
     * model.safetensors}.
     *
     * @param model an initialised model
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @throws IOException if the file cannot be written; nothing is left behind then
     */
    public static void saveWeights(CausalLanguageModel model, Path directory, StoredType type)
            throws IOException {
        WeightMap.Builder inverse = WeightMap.builder();
        LlamaFamily.names().forEach((name, path) -> inverse.rename(path, name));
        WeightMap names = inverse.build();
        SafetensorsWriter writer = new SafetensorsWriter().addMetadata("format", "pt");
        for (Map.Entry<String, Parameter> entry : ParameterPaths.of(model).entrySet()) {
            String name =
                    names.parameterPath(entry.getKey())
                            .orElseThrow(
                                    () ->
                                            new IllegalArgumentException(
                                                    "parameter "
                                                            + entry.getKey()
                                                            + " has no name in a Llama"
                                                            + " checkpoint"));
            if (!entry.getValue().isInitialized()) {
                throw new IllegalArgumentException(
                        "parameter "
                                + entry.getKey()
                                + " has no values: weights that are packed for compiled passes"
                                + " cannot be saved; load the model without a weight format");
            }
            writer.add(name, entry.getValue().getArray(), type);
        }
        Files.createDirectories(directory);
        writer.write(directory.resolve(Checkpoints.SINGLE_FILE));
    }

    private static WeightMap weightMap(DecoderConfig config) {
        WeightMap.Builder builder =
                WeightMap.builder().ignore("model.layers.{i}.self_attn.rotary_emb.inv_freq");
        LlamaFamily.names().forEach(builder::rename);
        if (config.tiedHead()) {
            // Some files keep a copy of the table under this name.
            builder.ignore("lm_head.weight");
        }
        return builder.build();
    }
}

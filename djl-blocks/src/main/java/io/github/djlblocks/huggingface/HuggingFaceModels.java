package io.github.djlblocks.huggingface;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.repository.zoo.Criteria;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.CheckpointWriter;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
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
 * <p>Every field of a family's configuration that changes the arithmetic is honoured; fields by
 * which other families and quantised files change it are refused by name. {@link
 * Families#modelTypes} lists the families.
 */
public final class HuggingFaceModels {

    /** The name of the configuration in a directory. */
    public static final String CONFIG_FILE = Families.CONFIG_FILE;

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
        return criteria(String.class, String.class, directory, engine, device)
                .optTranslatorFactory(new TextGenerationTranslatorFactory());
    }

    /** Criteria of a directory, but for the translator. */
    static <I, O> Criteria.Builder<I, O> criteria(
            Class<I> input, Class<O> output, Path directory, String engine, Device device) {
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
                .setTypes(input, output)
                .optModelPath(directory)
                .optEngine(engine)
                .optDevice(device)
                .optArgument("blockFactory", HuggingFaceBlockFactory.class.getName())
                .optArgument(
                        HuggingFaceBlockFactory.TRANSLATORS,
                        HuggingFaceBlockFactory.TEXT_GENERATION)
                // The block factory has loaded the weights; DJL is not to look for a .params file.
                .optOption("hasParameter", "false");
    }

    /**
     * Describes text to text from the directory of an encoder-decoder, such as T5 or BART:
     * translation, summaries, answers. The encoder reads the text that is given, special tokens
     * added; the decoder writes the one that is returned. Arguments are those of {@link
     * #textGeneration}, so that a beam search is {@code optArgument("numBeams", 4)}; those not
     * given are what generation_config.json says, or config.json where that is missing.
     *
     * @param directory the Hugging Face directory
     * @param engine the name of the engine, {@code PyTorch} or {@code MXNet}
     * @param device the device
     * @return criteria from text to text
     * @throws IllegalArgumentException if the engine is not on the classpath, it does not see the
     *     device, or there is no such directory
     */
    public static Criteria.Builder<String, String> textToText(
            Path directory, String engine, Device device) {
        return textGeneration(directory, engine, device);
    }

    /**
     * Requires an engine.
     *
     * @param engine its name
     * @throws IllegalArgumentException if it is not on the classpath; the message lists those that
     *     are
     */
    public static void requireEngine(String engine) {
        // That of RPC runs whole models elsewhere, and has no arrays.
        if (!Engine.hasEngine(engine) || engine.equals("RPC")) {
            Set<String> found = new TreeSet<>(Engine.getAllEngines());
            found.remove("RPC");
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
     * @return what it describes
     * @throws IOException if config.json cannot be read
     * @throws IllegalArgumentException if it describes a model that cannot be built; the message
     *     names the field
     */
    public static ModelDescription describe(Path directory) throws IOException {
        return Families.read(directory);
    }

    /**
     * Reads the configuration of a directory whose model has the shape of Llama.
     *
     * @param directory the Hugging Face directory
     * @return the sizes of its model
     * @throws IOException if config.json cannot be read
     * @throws IllegalArgumentException if it describes a model that cannot be built, or one of
     *     another shape; the message names the field
     */
    public static DecoderConfig readConfig(Path directory) throws IOException {
        ModelDescription description = describe(directory);
        return description
                .decoderConfig()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        description.modelType()
                                                + " has not the layers of Llama: use describe"));
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
        ModelDescription description = describe(directory);
        if (description.kind() != ModelDescription.Kind.DECODER) {
            throw new IllegalArgumentException(
                    directory
                            + " holds a "
                            + description.modelType()
                            + ", which is no causal language model: use loadBlock");
        }
        return (CausalLanguageModel) loadBlock(directory, manager, options);
    }

    /**
     * Builds the model of a directory, whichever it is, and loads its weights, for inference:
     * parameters are frozen. What is compiled and packed ends with the manager.
     *
     * @param directory the Hugging Face directory
     * @param manager owns the weights, on their engine and device
     * @param options in which types and formats, and whether compiled
     * @return the block of {@link ModelDescription#newBlock}; its parameters have values unless
     *     weights are packed
     * @throws IOException if a file cannot be read
     * @throws MalformedModelException if weights are missing, unexpected, of other shapes, or the
     *     file is damaged
     * @throws IllegalArgumentException if the data type cannot be computed, the configuration
     *     cannot be built, the engine cannot compile and has to, or a format does not take a
     *     weight's shape or values
     */
    public static KernelBlock loadBlock(Path directory, NDManager manager, LoadOptions options)
            throws IOException, MalformedModelException {
        ModelDescription configured = describe(directory);
        KernelBlock block = loadBase(configured, directory, manager, options);
        if (!options.adapters().isEmpty()) {
            Adapters adapters = Adapters.of(block, configured, manager);
            for (Map.Entry<String, Path> adapter : options.adapters().entrySet()) {
                adapters.load(adapter.getKey(), directory.resolve(adapter.getValue()));
            }
        }
        return block;
    }

    private static KernelBlock loadBase(
            ModelDescription configured, Path directory, NDManager manager, LoadOptions options)
            throws IOException, MalformedModelException {
        boolean compiles = options.compiles(manager.getEngine().getEngineName());
        try (TensorSource source = configured.open(directory)) {
            ModelDescription model =
                    options.hasHead()
                            ? configured.fitting(source.names())
                            : configured.withoutHead();
            KernelBlock block = model.newBlock();
            if (!options.hasFormats()) {
                WeightMap names = model.weightMap();
                fill(block, source, names, manager, options, model.inputShapes());
                if (compiles) {
                    CompiledModels.compile(block, manager, options.isRequired());
                }
                return block;
            }
            ModelWeights weights = new ModelWeights(block, model, options);
            if (compiles) {
                block.freezeParameters(true);
                LoadReport report =
                        CheckpointLoader.check(block, source, model.weightMap(), DataType.FLOAT32);
                CompiledModels.pack(
                        block, manager, weights.selection(), source, report, options.progress());
                return block;
            }
            KernelBlock twin = model.newUntiedBlock();
            WeightMap names = model.untiedWeightMap();
            TensorSource rounded = weights.rounded(source, names);
            fill(twin, rounded, names, manager, options, model.inputShapes());
            return twin;
        }
    }

    private static void fill(
            Block block,
            TensorSource source,
            WeightMap names,
            NDManager manager,
            LoadOptions options,
            Shape[] inputs)
            throws MalformedModelException {
        block.freezeParameters(true);
        CheckpointLoader.load(
                block, source, names, manager, options.dataType(), options.progress(), inputs);
    }

    /**
     * Writes the weights of a Llama model under their Hugging Face names: see {@link
     * #saveWeights(Block, ModelDescription, Path, StoredType)}.
     *
     * @param model an initialised model
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @throws IOException if a file cannot be written; nothing has changed then
     */
    public static void saveWeights(CausalLanguageModel model, Path directory, StoredType type)
            throws IOException {
        saveWeights(model, Families.llama(), directory, type);
    }

    /**
     * Writes the weights of a model under their Hugging Face names, as {@code model.safetensors} or
     * in shards of 5 GB with an index.
     *
     * @param model an initialised model
     * @param description what describes it
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @throws IOException if a file cannot be written; nothing has changed then
     * @throws IllegalArgumentException if a parameter has no values, or no name in a checkpoint of
     *     its family, or a tied head is not the table
     */
    public static void saveWeights(
            Block model, ModelDescription description, Path directory, StoredType type)
            throws IOException {
        saveWeights(model, description, directory, type, CheckpointWriter.DEFAULT_SHARD_BYTES);
    }

    /**
     * Writes the weights of a model under their Hugging Face names, in shards of a largest size.
     * Weights that were there before are replaced, in whatever shards.
     *
     * @param model an initialised model
     * @param description what describes it
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @param maxShardBytes the most bytes of tensors in a file, unless one alone has more
     * @throws IOException if a file cannot be written; nothing has changed then
     * @throws IllegalArgumentException if a parameter has no values, or no name in a checkpoint of
     *     its family, or a tied head is not the table
     */
    public static void saveWeights(
            Block model,
            ModelDescription description,
            Path directory,
            StoredType type,
            long maxShardBytes)
            throws IOException {
        new ModelSaver(model, description, type).writer().write(directory, maxShardBytes);
    }

    /**
     * Writes a model as a directory that can be loaded: see {@link #save(Block, Path, Path,
     * StoredType, long)}, with shards of 5 GB.
     *
     * @param model an initialised model
     * @param source the directory it was loaded from, or a {@code config.json} that describes it
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @throws IOException if a file cannot be read or written; nothing has changed then
     * @throws IllegalArgumentException if the configuration does not describe the model
     */
    public static void save(Block model, Path source, Path directory, StoredType type)
            throws IOException {
        save(model, source, directory, type, CheckpointWriter.DEFAULT_SHARD_BYTES);
    }

    /**
     * Writes a model as a directory that can be loaded: weights, {@code config.json} and, from a
     * directory, the files of the tokenizer and of generation. The configuration is copied; where
     * it names the type of the weights ({@code torch_dtype}), it names this one.
     *
     * @param model an initialised model
     * @param source the directory it was loaded from, or a {@code config.json} that describes it
     * @param directory where to; made if it is not there
     * @param type the type to store
     * @param maxShardBytes the most bytes of tensors in a file, unless one alone has more
     * @throws IOException if a file cannot be read or written; nothing has changed then
     * @throws IllegalArgumentException if the configuration does not describe the model, parameter
     *     by parameter, or a parameter has no values
     */
    public static void save(
            Block model, Path source, Path directory, StoredType type, long maxShardBytes)
            throws IOException {
        ModelSaver saver = new ModelSaver(model, Families.readAny(source), type);
        saver.requireWhole();
        saver.addConfig(source);
        saver.writer().write(directory, maxShardBytes);
    }
}

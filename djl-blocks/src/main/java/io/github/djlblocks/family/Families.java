package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The families by their {@code model_type}. */
public final class Families {

    /** The name of the configuration in a directory. */
    public static final String CONFIG_FILE = "config.json";

    private static final SortedMap<String, Family> ALL = new TreeMap<>();

    static {
        ALL.put(BloomFamily.MODEL_TYPE, BloomFamily::describe);
        ALL.put(DeepseekFamily.V2, DeepseekFamily::describeV2);
        ALL.put(DeepseekFamily.V3, DeepseekFamily::describeV3);
        ALL.put(Gpt2Family.MODEL_TYPE, Gpt2Family::describe);
        ALL.put(GptNeoxFamily.MODEL_TYPE, GptNeoxFamily::describe);
        ALL.put(AlbertFamily.MODEL_TYPE, AlbertFamily::describe);
        ALL.put(BertFamily.MODEL_TYPE, BertFamily::describe);
        ALL.put(DistilBertFamily.MODEL_TYPE, DistilBertFamily::describe);
        ALL.put(ModernBertFamily.MODEL_TYPE, ModernBertFamily::describe);
        RobertaFamily.ALL.forEach((type, family) -> ALL.put(type, family));
        ALL.put(LlamaFamily.MODEL_TYPE, LlamaFamily::describe);
        ALL.put(MistralFamily.MODEL_TYPE, MistralFamily::describe);
        ALL.put(MixtralFamily.MODEL_TYPE, MixtralFamily::describe);
        ALL.put(Qwen2Family.MODEL_TYPE, Qwen2Family::describe);
        ALL.put(Qwen2Family.MOE_MODEL_TYPE, Qwen2Family::describeMoe);
        ALL.put(Qwen3Family.MODEL_TYPE, Qwen3Family::describe);
        ALL.put(Qwen3Family.MOE_MODEL_TYPE, Qwen3Family::describeMoe);
        ALL.put(Olmo2Family.MODEL_TYPE, Olmo2Family::describe);
        ALL.put(Phi3Family.MODEL_TYPE, Phi3Family::describe);
        ALL.put(GraniteFamily.MODEL_TYPE, GraniteFamily::describe);
        ALL.put(Starcoder2Family.MODEL_TYPE, Starcoder2Family::describe);
        ALL.put(GemmaFamily.MODEL_TYPE, GemmaFamily::describe);
        ALL.put(Gemma2Family.MODEL_TYPE, Gemma2Family::describe);
        ALL.put(Gemma3Family.MODEL_TYPE, Gemma3Family::describe);
        ALL.put(T5Family.T5, T5Family::describe);
        ALL.put(T5Family.MT5, T5Family::describeMultilingual);
        BartLike.TRAITS.forEach((type, traits) -> ALL.put(type, traits::describe));
    }

    private Families() {}

    /**
     * Returns the families there are.
     *
     * @return every known {@code model_type}, in order
     */
    public static Set<String> modelTypes() {
        return Collections.unmodifiableSet(ALL.keySet());
    }

    /**
     * Reads the configuration of a directory.
     *
     * @param directory a Hugging Face directory
     * @return what it describes
     * @throws IOException if config.json cannot be read
     * @throws IllegalArgumentException if it describes a model that cannot be built; the message
     *     names the field
     */
    public static ModelDescription read(Path directory) throws IOException {
        return read(ConfigReader.of(directory.resolve(CONFIG_FILE)));
    }

    /**
     * Reads a configuration.
     *
     * @param json the text of a config.json
     * @return what it describes
     * @throws IllegalArgumentException if it describes a model that cannot be built; the message
     *     names the field
     */
    public static ModelDescription parse(String json) {
        return read(ConfigReader.of(CONFIG_FILE, json));
    }

    /**
     * Reads a configuration.
     *
     * @param path a Hugging Face directory, or a configuration by whatever name
     * @return what it describes
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it describes a model that cannot be built; the message
     *     names the field
     */
    public static ModelDescription readAny(Path path) throws IOException {
        return Files.isDirectory(path) ? read(path) : read(ConfigReader.of(path));
    }

    /**
     * Describes a Llama model of the default sizes, for the names of its parameters.
     *
     * @return the description
     */
    public static ModelDescription llama() {
        return parse("{\"model_type\": \"llama\"}");
    }

    static ModelDescription read(ConfigReader json) {
        String type = json.text("model_type");
        if (type.equals(Gemma3Family.MULTIMODAL_TYPE)) {
            throw Gemma3Family.multimodal(json);
        }
        Family family = ALL.get(type);
        if (family == null) {
            throw json.unknown("model_type", type, ALL.keySet());
        }
        ModelDescription description = family.describe(json);
        OtherArithmetic.refuse(json);
        return description;
    }
}

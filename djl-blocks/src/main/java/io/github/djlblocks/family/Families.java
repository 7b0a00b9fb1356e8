package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.io.IOException;
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
        ALL.put(LlamaFamily.MODEL_TYPE, LlamaFamily::describe);
        ALL.put(MistralFamily.MODEL_TYPE, MistralFamily::describe);
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
     * Describes a Llama model of the default sizes, for the names of its parameters.
     *
     * @return the description
     */
    public static ModelDescription llama() {
        return read(ConfigReader.of("{}", "{\"model_type\": \"llama\"}"));
    }

    static ModelDescription read(ConfigReader json) {
        String type = json.text("model_type");
        Family family = ALL.get(type);
        if (family == null) {
            throw json.unknown("model_type", type, ALL.keySet());
        }
        ModelDescription description = family.describe(json);
        OtherArithmetic.refuse(json);
        return description;
    }
}

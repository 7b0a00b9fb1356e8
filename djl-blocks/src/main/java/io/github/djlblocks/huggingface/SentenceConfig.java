package io.github.djlblocks.huggingface;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the files of sentence-transformers say of a directory.
 *
 * @param pooling how the vectors of a text become one; several are joined
 * @param countsPrompt whether the tokens of a prompt are pooled, too
 * @param steps what follows pooling
 * @param maxLength the most tokens of a text, 0 if no file says
 * @param lowerCase whether texts are written small
 * @param prompt what stands before every text
 */
record SentenceConfig(
        List<Pooling> pooling,
        boolean countsPrompt,
        List<SentenceStep> steps,
        int maxLength,
        boolean lowerCase,
        String prompt) {

    private static final Set<String> KNOWN = Set.of("Transformer", "Pooling", "Normalize", "Dense");

    private record Module(String type, Path folder) {}

    /** Reads the files of a directory that are there. */
    static SentenceConfig of(Path directory, Map<String, ?> arguments) throws IOException {
        List<Pooling> pooling = List.of(Pooling.MEAN);
        boolean countsPrompt = true;
        List<SentenceStep> steps = new ArrayList<>();
        for (Module module : modules(directory)) {
            switch (module.type()) {
                case "Pooling" -> {
                    ConfigReader json = ConfigReader.of(module.folder().resolve("config.json"));
                    pooling = pooling(json);
                    countsPrompt = json.flag("include_prompt", true);
                }
                case "Normalize" -> steps.add(SentenceStep.unitLength());
                case "Dense" -> steps.add(SentenceStep.dense(module.folder()));
                default -> requireRoot(directory, module);
            }
        }
        ConfigReader bert = optional(directory.resolve("sentence_bert_config.json"));
        return new SentenceConfig(
                pooling,
                countsPrompt,
                List.copyOf(steps),
                bert.has("max_seq_length") ? bert.integer("max_seq_length") : 0,
                bert.flag("do_lower_case", false),
                prompt(directory, arguments));
    }

    private static ConfigReader optional(Path file) throws IOException {
        return Files.isRegularFile(file)
                ? ConfigReader.of(file)
                : ConfigReader.of(file.toString(), "{}");
    }

    private static void requireRoot(Path directory, Module module) {
        if (!module.folder().equals(directory)) {
            throw new IllegalArgumentException(
                    "modules.json keeps its Transformer in "
                            + module.folder()
                            + ": move its files up to "
                            + directory);
        }
    }

    private static List<Module> modules(Path directory) throws IOException {
        Path file = directory.resolve("modules.json");
        if (!Files.isRegularFile(file)) {
            Path pooling = directory.resolve("1_Pooling");
            return Files.isRegularFile(pooling.resolve("config.json"))
                    ? List.of(new Module("Pooling", pooling))
                    : List.of();
        }
        List<Module> modules = new ArrayList<>();
        for (JsonElement element : array(file)) {
            JsonObject json = element.getAsJsonObject();
            String type = json.get("type").getAsString();
            String simple = type.substring(type.lastIndexOf('.') + 1);
            String path = json.has("path") ? json.get("path").getAsString() : "";
            if (!KNOWN.contains(simple)) {
                throw ConfigReader.of(file.toString(), "{}").unknown("type", type, KNOWN);
            }
            modules.add(new Module(simple, path.isEmpty() ? directory : directory.resolve(path)));
        }
        return modules;
    }

    private static JsonArray array(Path file) throws IOException {
        try {
            return JsonParser.parseString(Files.readString(file)).getAsJsonArray();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IllegalArgumentException(file + " is not a list of modules", e);
        }
    }

    /** In the order in which the vectors are joined. */
    private static List<Pooling> pooling(ConfigReader json) {
        List<Pooling> modes = new ArrayList<>();
        add(modes, json, "cls_token", false, Pooling.FIRST);
        add(modes, json, "max_tokens", false, Pooling.MAX);
        add(modes, json, "mean_tokens", true, Pooling.MEAN);
        add(modes, json, "mean_sqrt_len_tokens", false, Pooling.MEAN_SQRT_LENGTH);
        add(modes, json, "weightedmean_tokens", false, Pooling.WEIGHTED_MEAN);
        add(modes, json, "lasttoken", false, Pooling.LAST);
        if (modes.isEmpty()) {
            throw new IllegalArgumentException(
                    "the pooling of the model has no mode: set one of its pooling_mode fields");
        }
        return List.copyOf(modes);
    }

    private static void add(
            List<Pooling> modes, ConfigReader json, String name, boolean absent, Pooling mode) {
        if (json.flag("pooling_mode_" + name, absent)) {
            modes.add(mode);
        }
    }

    private static String prompt(Path directory, Map<String, ?> arguments) throws IOException {
        Object given = arguments.get("prompt");
        if (given != null) {
            return given.toString();
        }
        ConfigReader json = optional(directory.resolve("config_sentence_transformers.json"));
        Object asked = arguments.get("promptName");
        String name = asked == null ? json.text("default_prompt_name", "") : asked.toString();
        return name.isEmpty() ? "" : json.object("prompts").text(name);
    }
}

package io.github.djlblocks.adapter;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.djlblocks.internal.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** {@code adapter_config.json}, with the fields of {@code LoraConfig} of PEFT 0.15. */
final class PeftConfig {

    static final String FILE = "adapter_config.json";

    /** Fields that say how an adapter came to be, or for whom, and change no numbers of it. */
    private static final Set<String> SILENT =
            Set.of(
                    "auto_mapping",
                    "corda_config",
                    "eva_config",
                    "fan_in_fan_out",
                    "inference_mode",
                    "loftq_config",
                    "megatron_core",
                    "peft_version",
                    "qalora_group_size",
                    "revision",
                    "runtime_config");

    /** What A and B start from, the base as it is. */
    private static final Set<String> HARMLESS_STARTS = Set.of("gaussian", "eva", "orthogonal");

    /** Fields that change the numbers, and the values that say nothing. */
    private static final Map<String, List<String>> NEUTRAL =
            Map.of(
                    "bias", List.of("\"none\""),
                    "layer_replication", List.of("[]"),
                    "megatron_config", List.of("{}"),
                    "modules_to_save", List.of("[]"),
                    "trainable_token_indices", List.of("[]", "{}"));

    private static final Gson JSON =
            new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

    private PeftConfig() {}

    static LoraConfig read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    file + " is missing: the directory of an adapter has it beside its weights", e);
        }
        return read(file.toString(), text);
    }

    static LoraConfig read(String where, String text) {
        ConfigReader json = ConfigReader.of(where, text);
        String type = json.text("peft_type");
        if (!type.equals("LORA")) {
            throw json.unknown("peft_type", type, Set.of("LORA"));
        }
        JsonObject fields = JsonParser.parseString(text).getAsJsonObject();
        LoraConfig.Builder builder =
                LoraConfig.builder()
                        .optRank(json.count("r", 8))
                        .optAlpha(json.number("lora_alpha", 8))
                        .optDropout(json.number("lora_dropout", 0))
                        .optRsLora(json.flag("use_rslora", false))
                        .optDora(json.flag("use_dora", false))
                        .optLoraBias(json.flag("lora_bias", false));
        Fields reader = new Fields(json, fields);
        reader.targets(builder);
        builder.optRankPattern(reader.whole("rank_pattern"));
        builder.optAlphaPattern(reader.numbers("alpha_pattern"));
        if (json.has("base_model_name_or_path")) {
            builder.optBaseModel(json.text("base_model_name_or_path"));
        }
        if (json.has("task_type")) {
            builder.optTaskType(json.text("task_type"));
        }
        refuseOtherBase(json, fields);
        refuseOthers(json, fields);
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
        }
    }

    /** Some start from other weights of the base, which only the base that was trained has. */
    private static void refuseOtherBase(ConfigReader json, JsonObject fields) {
        String field = "init_lora_weights";
        boolean isText = json.has(field) && fields.getAsJsonPrimitive(field).isString();
        if (isText && !HARMLESS_STARTS.contains(json.text(field))) {
            throw json.refusal(
                    field
                            + " '"
                            + json.text(field)
                            + "' changes the weights of the base besides; save the adapter with"
                            + " path_initial_model_for_weight_conversion, or merged");
        }
    }

    /** A field that is not known may change the numbers, unless it says nothing. */
    private static void refuseOthers(ConfigReader json, JsonObject fields) {
        for (Map.Entry<String, JsonElement> field : fields.entrySet()) {
            String name = field.getKey();
            String value = field.getValue().toString();
            boolean empty =
                    field.getValue().isJsonNull()
                            || NEUTRAL.getOrDefault(name, List.of("false", "[]", "{}"))
                                    .contains(value);
            if (!json.wasAsked(name) && !SILENT.contains(name) && !empty) {
                throw json.refusal(
                        name
                                + " ("
                                + value
                                + ") changes what the adapter computes and is not implemented;"
                                + " save the adapter without it");
            }
        }
    }

    /** What {@link ConfigReader} has no form for: a string or a list, patterns with numbers. */
    private record Fields(ConfigReader json, JsonObject fields) {

        void targets(LoraConfig.Builder builder) {
            if (isText("target_modules")) {
                builder.setTargetPattern(json.text("target_modules"));
            } else if (json.has("target_modules")) {
                builder.setTargets(json.texts("target_modules").toArray(String[]::new));
            }
            if (isText("exclude_modules")) {
                builder.optExcludedPattern(json.text("exclude_modules"));
            } else if (json.has("exclude_modules")) {
                builder.optExcluded(json.texts("exclude_modules").toArray(String[]::new));
            }
            if (json.has("layers_to_transform")) {
                List<Double> layers =
                        fields.get("layers_to_transform").isJsonArray()
                                ? json.numbers("layers_to_transform")
                                : List.of(json.number("layers_to_transform"));
                builder.optLayers(layers.stream().map(Double::intValue).toArray(Integer[]::new));
            }
            if (isText("layers_pattern")) {
                builder.optLayersPattern(json.text("layers_pattern"));
            } else if (json.has("layers_pattern")) {
                builder.optLayersPattern(json.texts("layers_pattern").toArray(String[]::new));
            }
        }

        private boolean isText(String field) {
            return json.has(field) && fields.get(field).isJsonPrimitive();
        }

        Map<String, Double> numbers(String field) {
            Map<String, Double> numbers = new LinkedHashMap<>();
            if (json.has(field)) {
                ConfigReader object = json.object(field);
                fields.getAsJsonObject(field)
                        .keySet()
                        .forEach(key -> numbers.put(key, object.number(key)));
            }
            return numbers;
        }

        Map<String, Integer> whole(String field) {
            Map<String, Integer> numbers = new LinkedHashMap<>();
            if (json.has(field)) {
                ConfigReader object = json.object(field);
                fields.getAsJsonObject(field)
                        .keySet()
                        .forEach(key -> numbers.put(key, object.count(key, 0)));
            }
            return numbers;
        }
    }

    /**
     * What PEFT writes, fields in order.
     *
     * @param targets the modules, by the ends of their names
     * @param ranks of modules whose rank is another
     * @param alphas likewise
     * @param isTurned whether matrices are stored as (in, out)
     */
    static String write(
            LoraConfig config,
            Set<String> targets,
            Map<String, Integer> ranks,
            Map<String, Double> alphas,
            boolean isTurned) {
        Map<String, @Nullable JsonElement> fields = new TreeMap<>();
        fields.put("peft_type", new JsonPrimitive("LORA"));
        fields.put("r", new JsonPrimitive(config.rank()));
        fields.put("lora_alpha", number(config.alpha()));
        fields.put("lora_dropout", number(config.dropout()));
        fields.put("use_rslora", new JsonPrimitive(config.isRsLora()));
        fields.put("use_dora", new JsonPrimitive(config.isDora()));
        fields.put("lora_bias", new JsonPrimitive(config.hasLoraBias()));
        JsonArray modules = new JsonArray();
        new TreeSet<>(targets).forEach(modules::add);
        fields.put("target_modules", modules);
        JsonObject rankPattern = new JsonObject();
        ranks.forEach(rankPattern::addProperty);
        fields.put("rank_pattern", rankPattern);
        JsonObject alphaPattern = new JsonObject();
        alphas.forEach((key, value) -> alphaPattern.add(key, number(value)));
        fields.put("alpha_pattern", alphaPattern);
        fields.put("base_model_name_or_path", text(config.baseModel().orElse(null)));
        fields.put("task_type", text(config.taskType().orElse(null)));
        fields.put("fan_in_fan_out", new JsonPrimitive(isTurned));
        fields.put("bias", new JsonPrimitive("none"));
        fields.put("inference_mode", new JsonPrimitive(true));
        fields.put("init_lora_weights", new JsonPrimitive(true));
        fields.put("loftq_config", new JsonObject());
        fields.put("megatron_core", new JsonPrimitive("megatron.core"));
        for (String none :
                List.of(
                        "auto_mapping",
                        "corda_config",
                        "eva_config",
                        "exclude_modules",
                        "layer_replication",
                        "layers_pattern",
                        "layers_to_transform",
                        "megatron_config",
                        "modules_to_save",
                        "revision",
                        "trainable_token_indices")) {
            fields.put(none, JsonNull.INSTANCE);
        }
        JsonObject json = new JsonObject();
        fields.forEach(json::add);
        return JSON.toJson(json);
    }

    private static JsonElement text(@Nullable String value) {
        return value == null ? JsonNull.INSTANCE : new JsonPrimitive(value);
    }

    /** Whole numbers without a point, as PEFT writes the integers that most of them are. */
    private static JsonPrimitive number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 && value != 0
                ? new JsonPrimitive((long) value)
                : new JsonPrimitive(value);
    }
}

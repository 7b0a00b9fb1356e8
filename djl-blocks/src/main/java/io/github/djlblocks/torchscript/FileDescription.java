package io.github.djlblocks.torchscript;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.djlblocks.format.WeightSelection;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Value;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a file says about itself in its extra file {@value #NAME}, for programs that read it:
 *
 * <pre>{@code
 * {"producer": "djl-blocks", "version": 1, "block": "CausalLanguageModel",
 *  "target": "pytorch_1_13", "weights": "int8",
 *  "methods": {
 *    "decode": {
 *      "inputs": [{"name": "ids", "type": "int64", "shape": [-1, -1]}],
 *      "outputs": [{"type": "float32", "shape": [-1, 1, 23]}],
 *      "caches": "state", "starts_anew": false}},
 *  "cache": [{"policy": "rolling", "window": 16, "type": "float32",
 *             "keys": [-1, 2, -1, 4], "values": [-1, 2, -1, 4]}]}
 * }</pre>
 *
 * <p>-1 is an axis of any extent. {@code cache} has a slot for each layer; lists of tensors hold
 * keys and values of each slot in turn.
 */
final class FileDescription {

    /** Its name. */
    static final String NAME = "djl_blocks.json";

    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");
    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

    private FileDescription() {}

    /** Requires a name that an extra file can have. */
    static void requireName(String name) {
        if (!FILE.matcher(name).matches() || name.equals(NAME)) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of an extra file: take letters, digits, dots,"
                            + " underscores and hyphens, not first a dot, and not "
                            + NAME
                            + ", which every file has");
        }
    }

    static byte[] of(
            String block,
            ExportTarget target,
            @Nullable WeightSelection weights,
            List<RecordedMethod> recorded) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("producer", "djl-blocks");
        all.put("version", 1);
        all.put("block", block);
        all.put("target", target.name().toLowerCase(Locale.ROOT));
        all.put("weights", weights == null ? "as they are" : weights.toString());
        Map<String, Object> methods = new LinkedHashMap<>();
        List<Object> cache = new ArrayList<>();
        for (RecordedMethod one : recorded) {
            methods.put(one.name(), method(one));
            if (cache.isEmpty()) {
                one.caches().forEach(held -> held.held().forEach(slot -> cache.add(slot(slot))));
            }
        }
        all.put("methods", methods);
        all.put("cache", cache);
        return GSON.toJson(all).getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, Object> method(RecordedMethod recorded) {
        Map<String, Object> method = new LinkedHashMap<>();
        List<Object> inputs = new ArrayList<>();
        for (int i = 0; i < recorded.arguments().size(); i++) {
            Map<String, Object> input = new LinkedHashMap<>();
            input.put("name", recorded.arguments().get(i));
            input.putAll(array(recorded.graph().inputs().get(i)));
            inputs.add(input);
        }
        method.put("inputs", inputs);
        method.put(
                "outputs",
                recorded.graph().outputs().stream().map(FileDescription::array).toList());
        CacheForm caches = recorded.method().caches();
        method.put("caches", caches == null ? "none" : caches.name().toLowerCase(Locale.ROOT));
        method.put("starts_anew", recorded.method().startsAnew());
        if (recorded.method().contextLength() > 0) {
            method.put("context_length", recorded.method().contextLength());
        }
        return method;
    }

    private static Map<String, Object> array(Value value) {
        Map<String, Object> array = new LinkedHashMap<>();
        array.put("type", value.dataType().name().toLowerCase(Locale.ROOT));
        array.put("shape", value.dims().stream().map(FileDescription::extent).toList());
        return array;
    }

    private static long extent(Dim dim) {
        return dim.isConstant() ? dim.hint() : -1;
    }

    private static Map<String, Object> slot(FileCache.@Nullable Held slot) {
        Map<String, Object> held = new LinkedHashMap<>();
        if (slot != null) {
            held.put("policy", slot.policy().kind().name().toLowerCase(Locale.ROOT));
            if (slot.policy().window() > 0) {
                held.put("window", slot.policy().window());
            }
            held.put("type", slot.type().name().toLowerCase(Locale.ROOT));
            held.put("keys", slot.keys());
            held.put("values", slot.values());
        }
        return held;
    }
}

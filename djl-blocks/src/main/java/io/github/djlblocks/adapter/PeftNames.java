package io.github.djlblocks.adapter;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The names of tensors in {@code adapter_model.safetensors}: {@code
 * base_model.model.<module>.lora_A.weight}, as PEFT 0.15 {@code get_peft_model_state_dict} makes
 * them, without the name of the adapter.
 */
final class PeftNames {

    static final String FILE = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";

    private static final Map<String, String> SUFFIXES = new LinkedHashMap<>();

    static {
        SUFFIXES.put(LoraAdapter.DOWN, ".lora_A.weight");
        SUFFIXES.put(LoraAdapter.UP, ".lora_B.weight");
        SUFFIXES.put(LoraAdapter.BIAS, ".lora_B.bias");
        SUFFIXES.put(LoraAdapter.MAGNITUDE, ".lora_magnitude_vector");
    }

    private PeftNames() {}

    /**
     * A tensor of an adapter.
     *
     * @param module the module it belongs to
     * @param parameter which parameter of the adapter it is
     */
    record Place(String module, String parameter) {}

    static String tensor(String module, String parameter) {
        return PREFIX + module + SUFFIXES.get(parameter);
    }

    static Optional<Place> place(String tensor) {
        for (Map.Entry<String, String> suffix : SUFFIXES.entrySet()) {
            if (tensor.startsWith(PREFIX) && tensor.endsWith(suffix.getValue())) {
                int end = tensor.length() - suffix.getValue().length();
                if (end >= PREFIX.length()) {
                    return Optional.of(
                            new Place(tensor.substring(PREFIX.length(), end), suffix.getKey()));
                }
            }
        }
        return Optional.empty();
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parameters of an {@link OracleDecoder} by name, none missing and none left over. */
final class OracleParameters {

    private static final String TABLE = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final List<String> PROJECTIONS =
            List.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.down_proj");

    private final Map<String, Var> parameters;

    OracleParameters(Map<String, Var> parameters, int layers) {
        this.parameters = Map.copyOf(parameters);
        Set<String> unknown = new HashSet<>(parameters.keySet());
        List<String> needed = new ArrayList<>(List.of(TABLE, "model.norm.weight"));
        unknown.remove(HEAD);
        for (int layer = 0; layer < layers; layer++) {
            String prefix = "model.layers." + layer + ".";
            needed.add(prefix + "input_layernorm.weight");
            needed.add(prefix + "post_attention_layernorm.weight");
            for (String projection : PROJECTIONS) {
                needed.add(prefix + projection + ".weight");
                unknown.remove(prefix + projection + ".bias");
            }
        }
        needed.forEach(this::required);
        needed.forEach(unknown::remove);
        Shapes.require(
                unknown.isEmpty(),
                "parameters %s are unknown to a decoder of %d layers",
                unknown.stream().sorted().toList(),
                layers);
    }

    Var table() {
        return required(TABLE);
    }

    /** The weight of the output head: its own, or the embedding table where there is none. */
    Var head() {
        Var head = optional(HEAD);
        return head == null ? table() : head;
    }

    Var required(String name) {
        Var parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("parameter " + name + " is missing");
        }
        return parameter;
    }

    @Nullable Var optional(String name) {
        return parameters.get(name);
    }

    Var linear(String name, Var x) {
        return OracleLinear.linear(x, required(name + ".weight"), optional(name + ".bias"));
    }

    Var norm(String name, Var x, double epsilon) {
        return OracleNorms.rmsNorm(
                x, required(name + ".weight"), epsilon, OracleRmsNormOptions.DEFAULT);
    }
}

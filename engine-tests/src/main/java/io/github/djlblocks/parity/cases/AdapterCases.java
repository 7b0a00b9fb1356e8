package io.github.djlblocks.parity.cases;

import io.github.djlblocks.adapter.AdaptedBlock;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.adapter.LoraConfig;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAdapters;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import java.util.Map;

/** Cases of blocks with adapters. */
final class AdapterCases {

    private static final String NAME = "story";

    private AdapterCases() {}

    static List<ParityCase> all() {
        return List.of(
                one("LoRA of rank 3, alpha 7, with bias", true, config(3, 7), 7.0 / 3, 2, 5, 24),
                one("LoRA of rank 1, without bias", false, config(1, 0.5), 0.5, 3, 24),
                one(
                        "rsLoRA of rank 4, alpha 5",
                        false,
                        config(4, 5).optRsLora(true),
                        2.5,
                        2,
                        3,
                        24),
                one(
                        "LoRA with a bias of its own",
                        true,
                        config(2, 3).optLoraBias(true),
                        1.5,
                        2,
                        4,
                        24),
                one("DoRA of rank 3, alpha 2, with bias", true, dora(3, 2), 2.0 / 3, 2, 5, 24),
                one("DoRA of rank 2, without bias", false, dora(2, 3), 1.5, 4, 24),
                feedForward());
    }

    private static LoraConfig.Builder config(int rank, double alpha) {
        return LoraConfig.builder().optRank(rank).optAlpha(alpha).setAllLinear();
    }

    private static LoraConfig.Builder dora(int rank, double alpha) {
        return config(rank, alpha).optDora(true);
    }

    private static ParityCase one(
            String variant, boolean bias, LoraConfig.Builder config, double factor, long... shape) {
        LoraConfig built = config.build();
        return ParityCase.builder("AdaptedBlock", variant)
                .setBlock(
                        () -> {
                            Linear map =
                                    bias ? Linear.withBias(24, 10) : Linear.withoutBias(24, 10);
                            AdaptedBlock block = AdaptedBlock.of(map, NAME);
                            Adapters.declare(block, NAME, built);
                            return block;
                        })
                .addInput("x", RandomTensors.normal(variant.hashCode(), shape), shape)
                .setFormula(
                        (arrays, parameters) ->
                                adapted(Scope.get(arrays, "x"), "model.", parameters, factor))
                .setTolerance(
                        24 + 4 + 1L,
                        8,
                        "a sum over 24 inputs, one over the rank, their sum, lambda 4 each")
                .build();
    }

    /** Adapters below: of the gate and of what goes down, not of what goes up. */
    private static ParityCase feedForward() {
        LoraConfig config =
                LoraConfig.builder().optRank(2).optAlpha(6).setTargets("gate", "down").build();
        return ParityCase.builder("AdaptedBlock", "LoRA of two of the three maps of SwiGLU")
                .setBlock(
                        () -> {
                            GatedFeedForward block =
                                    GatedFeedForward.swiGlu(
                                            Linear.withoutBias(6, 9),
                                            Linear.withoutBias(6, 9),
                                            Linear.withoutBias(9, 6));
                            Adapters.declare(block, NAME, config);
                            return AdaptedBlock.of(block, NAME);
                        })
                .addInput("x", RandomTensors.normal(77, 2, 3, 6), 2, 3, 6)
                .setFormula(
                        (arrays, parameters) -> {
                            Var x = Scope.get(arrays, "x");
                            Var gate = adapted(x, "model.gate.", parameters, 3);
                            Var up =
                                    OracleLinear.linear(
                                            x, Scope.get(parameters, "model.up.weight"), null);
                            Var hidden = OracleMath.mul(OracleActivation.SILU.apply(gate), up);
                            return adapted(hidden, "model.down.", parameters, 3);
                        })
                .setTolerance(30, 16, "three maps, two with a sum over the rank, and a gate")
                .build();
    }

    private static Var adapted(Var x, String path, Map<String, Var> parameters, double factor) {
        Var weight = Scope.get(parameters, path + "weight");
        Var down = Scope.get(parameters, path + "adapters." + NAME + ".loraA");
        Var up = Scope.get(parameters, path + "adapters." + NAME + ".loraB");
        Var bias = parameters.get(path + "bias");
        Var magnitude = parameters.get(path + "adapters." + NAME + ".magnitude");
        return magnitude == null
                ? OracleAdapters.lora(
                        x,
                        weight,
                        bias,
                        down,
                        up,
                        parameters.get(path + "adapters." + NAME + ".loraBias"),
                        factor)
                : OracleAdapters.dora(x, weight, bias, down, up, magnitude, factor);
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RandomTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Mixtures of experts against one layer of transformers' Mixtral and DeepSeek-V3.
 *
 * <p>What enters the layer's second half follows on the host from its input, its attention weights
 * and its cached values: {@code x + O (A V)}.
 */
final class MixtureGoldenTest {

    private static final int LAYER = 1;
    private static final int E = 32;

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void mixtral_lastLayer_givesItsHiddenStates(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("hf/mixtral/golden.safetensors");
                Golden model = Golden.open("hf/mixtral/model.safetensors")) {
            MixtureOfExperts block =
                    MixtureOfExperts.builder()
                            .setRouter(router(4, 2, b -> b))
                            .setExperts(experts(4, 48))
                            .build();
            compare(golden, model, block, 1e-5, MixtureGoldenTest::mixtral, manager, dataType);
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void deepseek_lastLayer_givesItsHiddenStates(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("hf/deepseek_v3/golden.safetensors");
                Golden model = Golden.open("hf/deepseek_v3/model.safetensors")) {
            MixtureOfExperts block =
                    MixtureOfExperts.builder()
                            .setRouter(
                                    router(
                                            8,
                                            2,
                                            b ->
                                                    b.optScore(Score.SIGMOID)
                                                            .optCorrectionBias(true)
                                                            .optScale(1.5)
                                                            .optGroups(2, 1, GroupScore.TOP_TWO)))
                            .setExperts(experts(8, 24))
                            .optSharedExpert(expert(24))
                            .build();
            compare(golden, model, block, 1e-6, MixtureGoldenTest::deepseek, manager, dataType);
        }
    }

    private static Router router(int experts, int chosen, UnaryOperator<Router.Builder> change) {
        return change.apply(
                        Router.builder()
                                .setHiddenSize(E)
                                .setExperts(experts)
                                .setExpertsPerToken(chosen))
                .build();
    }

    private static List<Block> experts(int count, int inner) {
        List<Block> experts = new ArrayList<>();
        for (int e = 0; e < count; e++) {
            experts.add(expert(inner));
        }
        return experts;
    }

    private static Block expert(int inner) {
        return GatedFeedForward.of(
                Linear.withoutBias(E, inner),
                Linear.withoutBias(E, inner),
                Linear.withoutBias(inner, E));
    }

    private static String mixtral(String path) {
        return "block_sparse_moe."
                + path.replace("router.", "gate.")
                        .replace(".gate.", ".w1.")
                        .replace(".up.", ".w3.")
                        .replace(".down.", ".w2.");
    }

    private static String deepseek(String path) {
        return "mlp."
                + path.replace(".gate.", ".gate_proj.")
                        .replace(".up.", ".up_proj.")
                        .replace(".down.", ".down_proj.")
                        .replace("router.", "gate.")
                        .replace("correctionBias", "e_score_correction_bias")
                        .replace("sharedExpert.", "shared_experts.");
    }

    private static void compare(
            Golden golden,
            Golden model,
            MixtureOfExperts mixture,
            double epsilon,
            UnaryOperator<String> tensor,
            NDManager manager,
            DataType dataType) {
        String layer = "model.layers." + LAYER + ".";
        Block half = Residual.pre(norm(epsilon), mixture);
        Block last = norm(epsilon);
        Shape shape = golden.shape("plain.hidden_states." + LAYER);
        ParameterPaths.of(half)
                .forEach(
                        (path, parameter) -> {
                            String name =
                                    path.equals("norm.weight")
                                            ? "post_attention_layernorm.weight"
                                            : tensor.apply(path.substring("sublayer.".length()));
                            double[] values = model.values(layer + name);
                            parameter.setInitializer(
                                    (m, s, type) -> RandomTensors.toNDArray(m, values, s, type));
                        });
        double[] scale = model.values("model.norm.weight");
        last.getParameters()
                .get("weight")
                .setInitializer((m, s, type) -> RandomTensors.toNDArray(m, scale, s, type));
        half.initialize(manager, dataType, shape);
        last.initialize(manager, dataType, shape);
        double[] x = afterAttention(golden, model.values(layer + "self_attn.o_proj.weight"));

        NDList y = new NDList(RandomTensors.toNDArray(manager, x, shape, dataType));
        for (Block block : List.of(half, last)) {
            y = block.forward(new ParameterStore(manager, false), y, false, new PairList<>());
        }
        NDArray found = y.singletonOrThrow();

        // Attention weights and values are a float32 run's.
        golden.assertClose(
                "plain.hidden_states." + (LAYER + 1),
                found,
                GoldenTolerance.ofFloat32Run(dataType, 3 * E + 48));
    }

    private static Block norm(double epsilon) {
        return RmsNorm.builder().setChannels(E).optEpsilon(epsilon).build();
    }

    /** {@code x + O (A V)}, where query head h reads key/value head h / (H / K). */
    private static double[] afterAttention(Golden golden, double[] o) {
        double[] x = golden.values("plain.hidden_states." + LAYER);
        double[] a = golden.values("plain.attentions." + LAYER);
        double[] v = golden.values("plain.cache.value." + LAYER);
        Shape weights = golden.shape("plain.attentions." + LAYER);
        Shape values = golden.shape("plain.cache.value." + LAYER);
        int heads = (int) weights.get(1);
        int s = (int) weights.get(2);
        int kv = (int) values.get(1);
        int d = (int) values.get(3);
        int width = heads * d;
        for (int row = 0; row < weights.get(0) * s; row++) {
            int b = row / s;
            double[] joined = new double[width];
            for (int c = 0; c < width; c++) {
                int h = c / d;
                for (int t = 0; t < s; t++) {
                    double weight = a[((b * heads + h) * s + row % s) * s + t];
                    int head = b * kv + h / (heads / kv);
                    joined[c] += weight * v[(head * s + t) * d + c % d];
                }
            }
            for (int out = 0; out < E; out++) {
                for (int c = 0; c < width; c++) {
                    x[row * E + out] += o[out * width + c] * joined[c];
                }
            }
        }
        return x;
    }
}

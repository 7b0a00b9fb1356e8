package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.AlibiBias;
import io.github.djlblocks.position.LearnedPositions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Decoders of x-transformers: ALiBi, sandwich norms, learned positions; put together by hand. */
final class XTransformersGoldenTest {

    private static final int E = 32;
    private static final int H = 4;
    private static final int LAYERS = 2;
    private static final String POSITIONS = "pos_emb.emb.weight";
    private static final double POSITION_SCALE = 1 / Math.sqrt(E);
    private static final long TERMS = LAYERS * (E + E + 8 + 2 * 11 + E + E + 4 * E) + 2 * E;

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_alibi_givesLogitsStatesAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        compare("dec_alibi", engine, manager, dataType);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_sandwich_givesLogitsStatesAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        compare("dec_sandwich", engine, manager, dataType);
    }

    private static void compare(
            String name, EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("misc/x_transformers/" + name + ".safetensors")) {
            CausalLanguageModel model = model(golden);
            NamedWeights names =
                    new NamedWeights(golden, "param.", XTransformersGoldenTest::tensor);
            names.assertTotal(model);
            names.load(model, manager, dataType, new Shape(1, 1));
            NDArray positions = names.arrays(model).get(POSITIONS);
            if (positions != null) {
                // They multiply the table by this in each pass.
                positions.muli(POSITION_SCALE);
            }
            CompiledRun.prepare(model, manager);
            NDArray tokens = golden.array("tokens", manager, DataType.INT64);
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.HIDDEN_STATES, true);
            Tolerance tolerance = GoldenTolerance.of(dataType, TERMS);

            NDList found = EncoderGoldens.forward(model, new NDList(tokens), manager, params);

            golden.assertClose("logits", found.get(0), tolerance);
            // Theirs are before each attention and each feed-forward block, and after the last.
            for (int layer = 0; layer < LAYERS; layer++) {
                golden.assertClose(
                        "layer_hiddens." + 2 * layer,
                        found.get(1 + layer),
                        GoldenTolerance.ofFloat32Run(dataType, TERMS));
            }
            if (!CompiledRun.isAsked(manager)) {
                compareGradients(golden, names, model, engine, tokens, dataType);
            }
        }
    }

    private static void compareGradients(
            Golden golden,
            NamedWeights names,
            CausalLanguageModel model,
            EngineUnderTest engine,
            NDArray tokens,
            DataType dataType) {
        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        names.arrays(model),
                        golden.values("grad.R"),
                        () ->
                                EncoderGoldens.forward(
                                                model,
                                                new NDList(tokens),
                                                tokens.getManager(),
                                                new PairList<>())
                                        .get(0));
        Tolerance tolerance = GoldenTolerance.ofGradient(dataType, TERMS);
        assertThat(gradients.keySet()).isEqualTo(golden.namesAfter("grad.param."));
        gradients.forEach(
                (name, gradient) -> {
                    boolean scaled = name.equals(POSITIONS);
                    double[] theirs =
                            Arrays.stream(gradient)
                                    .map(g -> scaled ? g * POSITION_SCALE : g)
                                    .toArray();
                    golden.assertClose("grad.param." + name, theirs, tolerance);
                });
    }

    private static CausalLanguageModel model(Golden golden) {
        JsonObject kwargs =
                JsonParser.parseString(golden.metadata().get("kwargs")).getAsJsonObject();
        boolean sandwich = kwargs.has("sandwich_norm");
        List<Block> layers = new ArrayList<>();
        for (int layer = 0; layer < LAYERS; layer++) {
            layers.add(
                    DecoderLayer.of(
                            residual(attention(), sandwich), residual(feedForward(), sandwich)));
        }
        CausalLanguageModelBuilder builder =
                CausalLanguageModel.builder()
                        .setEmbedding(TokenEmbedding.of(64, E))
                        .setLayers(layers)
                        .setContextLength(E)
                        .optNorm(norm())
                        .optHead(Linear.withoutBias(E, 64));
        if (kwargs.has("alibi_pos_bias")) {
            builder.optPositionBias(AlibiBias.causal(H));
        }
        if (golden.has("param.pos_emb.emb.weight")) {
            builder.optPositions(LearnedPositions.of(E, E));
        }
        return builder.build();
    }

    private static Residual residual(Block sublayer, boolean sandwich) {
        return sandwich
                ? Residual.sandwich(norm(), sublayer, norm())
                : Residual.pre(norm(), sublayer);
    }

    private static LayerNorm norm() {
        return LayerNorm.builder().setChannels(E).optBias(false).build();
    }

    private static MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E))
                .setQueryHeads(H)
                .optCausal(true)
                .build();
    }

    private static Block feedForward() {
        return FeedForward.of(
                Linear.withBias(E, 4 * E), Linear.withBias(4 * E, E), ActivationFunction.GELU);
    }

    /** Theirs numbers attention and feed-forward blocks as layers of their own. */
    private static String tensor(String path) {
        for (int layer = 0; layer < LAYERS; layer++) {
            String own = "layers." + layer + ".";
            if (path.startsWith(own)) {
                boolean attention = path.startsWith(own + "attention.");
                String theirs = "attn_layers.layers." + (2 * layer + (attention ? 0 : 1)) + ".";
                return theirs + part(path.substring(path.indexOf('.', own.length()) + 1));
            }
        }
        return switch (path) {
            case "embedding.weight" -> "token_emb.emb.weight";
            case "positions.weight" -> POSITIONS;
            case "norm.weight" -> "attn_layers.final_norm.gamma";
            case "head.weight" -> "to_logits.weight";
            default -> path;
        };
    }

    private static String part(String path) {
        return path.replace("outputNorm.weight", "0.1.gamma")
                .replace("norm.weight", "0.0.gamma")
                .replaceFirst("^sublayer\\.(query|key|value|output)\\.", "1.to_$1.")
                .replace("to_query", "to_q")
                .replace("to_key", "to_k")
                .replace("to_value", "to_v")
                .replace("to_output", "to_out")
                .replace("sublayer.up.", "1.ff.0.0.")
                .replace("sublayer.down.", "1.ff.2.");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.activation.ActivationBlock;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.GateSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.position.AlibiBias;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * BLOOM: a bias by place instead of positions, a norm of the embeddings, tied head.
 *
 * <p>Its GELU has 0.79788456 for {@code sqrt(2 / pi)}, which moves logits by 6e-10: here too, so
 * that the rest is compared as closely as double allows.
 */
final class BloomGoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("hidden_size");
    private final int f = 4 * e;
    private final int h = integer("n_head");

    BloomGoldenTest() throws IOException, MalformedModelException {
        super("bloom");
    }

    /** The bias by distance differs from that by place of the key by a constant of each query. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_withTheBiasByDistance_givesTheSame(NDManager manager, DataType dataType) {
        CausalLanguageModel model =
                loaded(newModel(AlibiBias.causal(h), new BloomGelu()), manager, dataType);
        compareScenarios(model, manager, dataType);
        compareGenerated(model, manager, dataType);
    }

    @EachEngine(dataTypes = DataType.FLOAT32, compiledToo = true)
    void forward_withTheExactConstantOfGelu_givesTheSameInFloat32(
            NDManager manager, DataType dataType) {
        Block gelu = ActivationBlock.of(ActivationFunction.GELU_TANH);
        CausalLanguageModel model = loaded(newModel(AlibiBias.bloom(h), gelu), manager, dataType);
        compareScenarios(model, manager, dataType);
    }

    @Override
    CausalLanguageModel newModel() {
        return newModel(AlibiBias.bloom(h), new BloomGelu());
    }

    private CausalLanguageModel newModel(AlibiBias bias, Block gelu) {
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("n_layer"); i++) {
            layers.add(
                    DecoderLayer.of(
                            Residual.pre(norm(), attention()),
                            Residual.pre(norm(), feedForward(gelu))));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .optEmbeddingNorm(norm())
                .optPositionBias(bias)
                .setLayers(layers)
                .setContextLength(TOKENS)
                .optNorm(norm())
                .build();
    }

    private LayerNorm norm() {
        return LayerNorm.builder().setChannels(e).optEpsilon(number("layer_norm_epsilon")).build();
    }

    private MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setFusedProjection(
                        Linear.withBias(e, 3 * e), FusedHeadLayout.GROUPED, Linear.withBias(e, e))
                .setQueryHeads(h)
                .optCausal(true)
                .build();
    }

    private FeedForward feedForward(Block gelu) {
        return FeedForward.builder()
                .setUp(Linear.withBias(e, f))
                .optActivation(gelu)
                .setDown(Linear.withBias(f, e))
                .build();
    }

    @Override
    String tensor(String path) {
        return "transformer."
                + path.replace("embedding.", "word_embeddings.")
                        .replace("embeddingNorm.", "word_embeddings_layernorm.")
                        .replaceAll("^norm\\.", "ln_f.")
                        .replace("layers.", "h.")
                        .replace("attention.norm.", "input_layernorm.")
                        .replace("feedForward.norm.", "post_attention_layernorm.")
                        .replace(
                                "attention.sublayer.queryKeyValue.",
                                "self_attention.query_key_value.")
                        .replace("attention.sublayer.output.", "self_attention.dense.")
                        .replace("feedForward.sublayer.up.", "mlp.dense_h_to_4h.")
                        .replace("feedForward.sublayer.down.", "mlp.dense_4h_to_h.");
    }

    @Override
    long terms() {
        long layer = 4L * e + e / h + 2L * TOKENS + e + f;
        return integer("n_layer") * layer + 3L * e;
    }

    /** {@code x / 2 (1 + tanh(0.79788456 x (1 + 0.044715 x^2)))}. */
    private static final class BloomGelu extends UnaryBlock {

        BloomGelu() {
            super("x (..., F)");
        }

        @Override
        protected Shape outputShape(Shape input) {
            return input;
        }

        @Override
        protected NDArray compute(
                ParameterStore store,
                NDArray x,
                boolean training,
                @Nullable PairList<String, Object> params) {
            Kernels kernels = Kernels.of(x);
            GateSpec product = GateSpec.of(ActivationFunction.IDENTITY);
            NDArray square = kernels.gatedActivation(x, x, product);
            NDArray cube = kernels.gatedActivation(square, x, product);
            NDArray inner = kernels.scale(kernels.add(cube, 0.044715, x), 0.79788456);
            NDArray bent = kernels.gatedActivation(inner, x, GateSpec.of(ActivationFunction.TANH));
            return kernels.scale(kernels.add(bent, 1, x), 0.5);
        }
    }
}

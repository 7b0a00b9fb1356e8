package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.activation.Softmax;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.UnitNorm;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What training starts from, and what it refuses to start from. */
class TrainingStartTest {

    @EachEngine
    void initialize_dynamicTanhOfALanguageModel_hasTheAlphasOfThePlacesAndTheFactor(
            NDManager manager) {
        Block model =
                Decoders.languageModel(
                        config().optDynamicTanh(DynamicTanh.LlmAlphas.of(4096)).build());
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        double[] alphas = {0.8, 0.2, 0.8, 0.2, 0.2};
        String[] places = {
            "layers.0.attention.norm",
            "layers.0.feedForward.norm",
            "layers.1.attention.norm",
            "layers.1.feedForward.norm",
            "norm"
        };
        for (int i = 0; i < alphas.length; i++) {
            assertThat(value(model, places[i] + ".alpha")).isCloseTo(alphas[i], within(1e-7));
        }
        assertThat(value(model, "embeddingNorm.weight")).isEqualTo(4);
    }

    @EachEngine
    void initialize_dynamicTanhByDefault_hasOneAlphaAndNoFactor(NDManager manager) {
        DecoderConfig config =
                config().optResidual(DecoderConfig.ResidualScheme.PRE_DYNAMIC_TANH).build();
        Block model = Decoders.languageModel(config);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        assertThat(value(model, "layers.1.attention.norm.alpha")).isEqualTo(0.5);
        assertThat(ParameterPaths.of(model)).doesNotContainKey("embeddingNorm.weight");
    }

    @Test
    void config_alphasOfAnotherScheme_namesIt() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                config().optDynamicTanh(DynamicTanh.LlmAlphas.of(1024))
                                        .optResidual(DecoderConfig.ResidualScheme.DEEP_NORM)
                                        .build())
                .withMessage("alphas are of dynamic tanh, but the residual scheme is DEEP_NORM");
    }

    @EachEngine(engines = "PyTorch")
    void forward_trainingInFloat16_saysThatNoGradientWouldCome(NDManager manager) {
        Linear block = Linear.withBias(2, 3);
        block.initialize(manager, DataType.FLOAT16, new Shape(1, 2));
        NDList x = new NDList(manager.ones(new Shape(1, 2), DataType.FLOAT16));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.forward(new ParameterStore(manager, false), x, true))
                .withMessage(
                        "Linear: no gradient goes through FLOAT16, which is widened and narrowed on"
                                + " the way: train in FLOAT32, and load what was saved as FLOAT16");
    }

    @EachEngine(engines = "PyTorch")
    void forward_trainingInFloat16WithoutParameters_saysSoToo(NDManager manager) {
        NDList x = new NDList(manager.ones(new Shape(1, 2), DataType.FLOAT16));
        ParameterStore store = new ParameterStore(manager, false);
        for (Block block : List.of(Softmax.of(-1), Dropout.of(0.5), UnitNorm.create())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> block.forward(store, x, true))
                    .withMessageStartingWith(
                            block.getClass().getSimpleName()
                                    + ": no gradient goes through FLOAT16");
            assertThat(block.forward(store, x, false).singletonOrThrow().getDataType())
                    .isEqualTo(DataType.FLOAT16);
        }
    }

    private static DecoderConfig.Builder config() {
        return DecoderConfig.builder()
                .setVocabularySize(5)
                .setHiddenSize(16)
                .setFeedForwardSize(8)
                .setLayers(2)
                .setQueryHeads(2)
                .setContextLength(8);
    }

    private static double value(Block model, String path) {
        return HostValues.of(Objects.requireNonNull(ParameterPaths.of(model).get(path)).getArray())[
                0];
    }
}

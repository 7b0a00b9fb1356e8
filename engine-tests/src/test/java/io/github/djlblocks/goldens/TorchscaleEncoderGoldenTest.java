package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.TokenClassificationHead;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.HeadedEncoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;

/** The encoder of torchscale with DeepNorm and with pre-norm: residual weights, final norm. */
final class TorchscaleEncoderGoldenTest {

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_deepNorm_givesLogitsStatesAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        compare("deepnorm", StackConfig.Scheme.DEEP_NORM, engine, manager, dataType);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_preNorm_givesLogitsStatesAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        compare("preln", StackConfig.Scheme.PRE, engine, manager, dataType);
    }

    private static void compare(
            String name,
            StackConfig.Scheme scheme,
            EngineUnderTest engine,
            NDManager manager,
            DataType dataType)
            throws IOException, MalformedModelException {
        EncoderConfig config = config(scheme);
        try (Golden golden = Golden.open("misc/torchscale/encoder_" + name + ".safetensors")) {
            HeadedEncoder model =
                    HeadedEncoder.ofTokens(
                            Encoders.encoder(config),
                            TokenClassificationHead.of(Linear.withoutBias(32, 64)));
            NamedWeights names =
                    new NamedWeights(golden, "param.", TorchscaleEncoderGoldenTest::tensor);
            names.assertTotal(model);
            names.load(model, manager, dataType, EncoderGoldens.INPUT);
            CompiledRun.prepare(model, manager);
            NDArray padding = golden.array("padding_mask", manager, DataType.BOOLEAN);
            double[] keep = Arrays.stream(HostValues.of(padding)).map(v -> 1 - v).toArray();
            long[] looks = Arrays.stream(keep).mapToLong(v -> (long) v).toArray();
            NDArray mask = manager.create(looks, padding.getShape());
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.HIDDEN_STATES, true);

            NDList found =
                    EncoderGoldens.forward(
                            model,
                            new NDList(golden.array("tokens", manager, DataType.INT64), mask),
                            manager,
                            params);

            Tolerance tolerance =
                    GoldenTolerance.of(dataType, EncoderGoldens.terms(config.stack(), 11));
            long[][] where = EncoderGoldens.looks(mask);
            assertThat(found).hasSize(1 + 4);
            golden.assertCloseWhere(where, "out.encoder_out", found.get(0), tolerance);
            // The last of our states is after the final norm, which theirs is not in pre-norm.
            int states = scheme == StackConfig.Scheme.PRE ? 3 : 4;
            for (int i = 0; i < states; i++) {
                golden.assertCloseWhere(
                        where, "out.encoder_states." + i, found.get(1 + i), tolerance);
            }
            if (CompiledRun.isAsked(manager)) {
                return;
            }
            NDList inputs = new NDList(golden.array("tokens", manager, DataType.INT64), mask);
            compareGradients(
                    golden,
                    config,
                    names.arrays(model),
                    engine,
                    dataType,
                    () -> EncoderGoldens.forward(model, inputs, manager, new PairList<>()).get(0));
        }
    }

    private static void compareGradients(
            Golden golden,
            EncoderConfig config,
            Map<String, NDArray> parameters,
            EngineUnderTest engine,
            DataType dataType,
            Supplier<NDArray> forward) {
        Map<String, double[]> gradients =
                Gradients.of(engine, parameters, golden.values("grad.R"), forward);
        assertThat(gradients.keySet()).isEqualTo(golden.namesAfter("grad.param."));
        Tolerance tolerance =
                GoldenTolerance.ofGradient(dataType, EncoderGoldens.terms(config.stack(), 11));
        gradients.forEach(
                (name, gradient) ->
                        golden.assertClose(
                                "grad.param." + name,
                                gradient,
                                // A key bias moves all scores of a query alike: its gradient is 0.
                                name.endsWith("k_proj.bias")
                                        ? tolerance.withMinimumScale(10)
                                        : tolerance));
    }

    private static EncoderConfig config(StackConfig.Scheme scheme) {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(64)
                        .setContextLength(62)
                        .optPositionOffset(2)
                        .optNorm(false)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(32)
                        .setFeedForwardSize(48)
                        .setLayers(3)
                        .setHeads(4)
                        .optNormEpsilon(1e-5)
                        .optScheme(scheme)
                        .build());
    }

    private static String tensor(String path) {
        return path.replace("head.classifier.", "output_projection.")
                .replaceFirst("^encoder\\.norm\\.", "layer_norm.")
                .replaceFirst("^encoder\\.", "")
                .replace("embeddings.tokens.", "embed_tokens.")
                .replace("embeddings.positions.", "embed_positions.")
                .replace("attention.norm.", "self_attn_layer_norm.")
                .replaceAll("attention\\.sublayer\\.(q|k|v)[a-z]+\\.", "self_attn.$1_proj.")
                .replace("attention.sublayer.output.", "self_attn.out_proj.")
                .replace("feedForward.norm.", "final_layer_norm.")
                .replace("feedForward.sublayer.up.", "ffn.fc1.")
                .replace("feedForward.sublayer.down.", "ffn.fc2.");
    }
}

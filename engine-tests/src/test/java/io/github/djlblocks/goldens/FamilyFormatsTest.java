package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RelativeError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Decoders of every family in a weight format: packed and compiled on PyTorch, rounded on MXNet.
 */
class FamilyFormatsTest {

    /**
     * A step of int8 is a 127th of the largest of a row, which of 32 normal numbers is about 2.2
     * deviations: its rounding is 2.2 / 127 / sqrt(12) = 0.005 of them, and as much again where
     * activations are rounded, too. Four products of a layer one after the other, two or three
     * layers and the head, and twice that for what the gate multiplies. The weights of experts
     * follow from what has been rounded before, and are multiplied, too: twice that again.
     */
    private static final double ROUNDING = 2 * Math.sqrt(2 * (4 * 3 + 1)) * 0.005;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "llama_rope_llama3",
                "mistral",
                "mixtral",
                "qwen2",
                "qwen3",
                "olmo2",
                "phi3",
                "phi3_longrope_short",
                "gemma2"
            })
    void load_int8_isNearTheReference(String family) throws IOException, MalformedModelException {
        for (EngineUnderTest engine : EnginesUnderTest.discover()) {
            boolean packs = engine.engineName().equals("PyTorch");
            try (NDManager manager = engine.newManager();
                    Golden golden = Golden.open("hf/" + family + "/golden.safetensors")) {
                CausalLanguageModel model =
                        HuggingFaceModels.load(
                                Golden.path("hf/" + family),
                                manager,
                                LoadOptions.of(Map.of("weights", "int8", "compile", packs + "")));
                NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
                double[] logits =
                        HostValues.of(
                                model.forward(
                                                new ParameterStore(manager, false),
                                                new NDList(ids),
                                                false)
                                        .get(0));

                assertThat(RelativeError.of(logits, golden.values("plain.logits")))
                        .as("%s on %s", family, engine)
                        .isLessThan(family.equals("mixtral") ? 2 * ROUNDING : ROUNDING)
                        .isGreaterThan(1e-4);
                assertThat(model.getParameters().values())
                        .allMatch(parameter -> parameter.isInitialized() != packs);
            }
        }
    }

    /** The file is closed then: whatever kind of pass comes finds its weights. */
    @ParameterizedTest
    @MethodSource("io.github.djlblocks.goldens.SavedModelsTest#directories")
    void forward_firstPassOfItsKindAfterLoading_findsItsWeights(Path directory)
            throws IOException, MalformedModelException {
        for (String format : new String[] {"bfloat16", "int8"}) {
            for (int batch = 1; batch <= 2; batch++) {
                for (int length = 1; length <= 3; length += 2) {
                    try (NDManager manager = EngineUnderTest.onCpu("PyTorch").newManager()) {
                        KernelBlock model =
                                HuggingFaceModels.loadBlock(
                                        directory,
                                        manager,
                                        LoadOptions.of(
                                                Map.of("weights", format, "compile", "true")));
                        NDArray ids = manager.ones(new Shape(batch, length), DataType.INT64);
                        for (double value : pass(model, ids)) {
                            assertThat(value).isFinite();
                        }
                    }
                }
            }
        }
    }

    private static double[] pass(KernelBlock model, NDArray ids) {
        ParameterStore store = new ParameterStore(ids.getManager(), false);
        NDList inputs = new NDList(ids);
        if (model instanceof EncoderDecoder) {
            inputs.add(ids);
        }
        if (!(model instanceof CausalLanguageModel decoder)) {
            return HostValues.of(model.forward(store, inputs, false).get(0));
        }
        try (KeyValueCache cache = KeyValueCache.growing(ids.getManager(), decoder.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            return HostValues.of(model.forward(store, inputs, false, params).get(0));
        }
    }
}

package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RelativeError;
import io.github.djlblocks.torchscript.NativeMemory;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models loaded in a weight format: packed where passes are compiled, rounded elsewhere. */
class WeightFormatLoadTest {

    private static final RandomLlama UNTIED = new RandomLlama(128, 256, 2, 4, 2, 96, false);
    private static final RandomLlama TIED = new RandomLlama(128, 256, 2, 4, 2, 96, true);
    private static final long[] TOKENS = {3, 1, 41, 59, 26, 5, 35, 89, 79, 32, 38, 46};

    @TempDir Path directory;

    private static NDManager pyTorch() {
        return Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    }

    private static LoadOptions options(Object... arguments) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            map.put((String) arguments[i], arguments[i + 1]);
        }
        return LoadOptions.of(map);
    }

    private static double[] logits(CausalLanguageModel model, NDManager manager) {
        try (NDManager own = manager.newSubManager()) {
            NDArray ids = own.create(new long[][] {TOKENS});
            NDArray logits =
                    model.forward(new ParameterStore(own, false), new NDList(ids), false).get(0);
            double[] values = new double[Math.toIntExact(logits.size())];
            float[] floats = logits.toFloatArray();
            Arrays.setAll(values, i -> floats[i]);
            return values;
        }
    }

    /**
     * Nine roundings in a row (two layers of four products each, and the head), independent of each
     * other, of relative size e: 3 e, and twice that for what the gate multiplies. e is, of float32
     * and of float16, whose kernels compute in float32, 2^-22; of bfloat16 activations in and out
     * of each product, 2^-8; of int8, where a step is 1 / 255 of the range of about 8 deviations, 8
     * / 255 / sqrt 12 = 2^-6.8.
     */
    @ParameterizedTest
    @CsvSource({
        "float32, 2.4e-7, F32",
        "float16, 2.4e-7, F16",
        "bfloat16, 3.9e-3, BF16",
        "int8, 9.1e-3, BF16",
        "int4, 9.1e-3, F32",
        "int4:64, 9.1e-3, F16",
        "int4:128, 9.1e-3, BF16"
    })
    void load_packed_isRoundedTwin(String format, double rounding, StoredType stored)
            throws Exception {
        for (RandomLlama sizes : List.of(UNTIED, TIED)) {
            Path files = directory.resolve(sizes.tied() ? "tied" : "untied");
            sizes.write(files, stored, sizes.tied() ? 1 : 3);
            try (NDManager manager = pyTorch()) {
                CausalLanguageModel packed =
                        HuggingFaceModels.load(files, manager, options("weights", format));
                CausalLanguageModel twin =
                        HuggingFaceModels.load(
                                files, manager, options("weights", format, "compile", false));
                double[] expected = logits(twin, manager);
                assertThat(RelativeError.of(logits(packed, manager), expected))
                        .as("%s %s", format, sizes)
                        .isLessThan(6 * rounding);
                assertThat(packed.getParameters().values()).noneMatch(Parameter::isInitialized);
                assertThat(twin.getParameters().values()).allMatch(Parameter::isInitialized);
                assertThat(tokens(packed, manager, TOKENS)).hasSize(8);
            }
        }
    }

    /** From the definition of int8: a step a row, the least bfloat16 not below max / 127. */
    @EachEngine(leavesNothingOpen = true)
    void load_int8NotCompiled_weightsAreMultiplesOfTheStep(NDManager manager) throws Exception {
        TIED.write(directory, StoredType.F32, 1);
        CausalLanguageModel model =
                HuggingFaceModels.load(
                        directory,
                        manager,
                        options(
                                "weights",
                                "int8",
                                "compile",
                                "false",
                                "weights.layers\\.1\\..*",
                                "bfloat16"));
        Map<String, Parameter> parameters = ParameterPaths.of(model);
        try (TensorSource source = Checkpoints.open(directory)) {
            double[] table = source.readDoubles("model.embed_tokens.weight");
            assertThat(doubles(parameters, "embedding.weight")).isEqualTo(table);
            assertMultiples(doubles(parameters, "head.weight"), table, 128);
            assertMultiples(
                    doubles(parameters, "layers.0.feedForward.sublayer.down.weight"),
                    source.readDoubles("model.layers.0.mlp.down_proj.weight"),
                    256);
            double[] narrow = doubles(parameters, "layers.1.attention.sublayer.key.weight");
            double[] wide = source.readDoubles("model.layers.1.self_attn.k_proj.weight");
            for (int i = 0; i < wide.length; i++) {
                assertThat(Float.floatToRawIntBits((float) narrow[i]) & 0xffff).isZero();
                assertThat(Math.abs(narrow[i] - wide[i]))
                        .isLessThanOrEqualTo(0x1p-8 * Math.abs(wide[i]));
            }
        }
    }

    private static double[] doubles(Map<String, Parameter> parameters, String path) {
        float[] floats = Objects.requireNonNull(parameters.get(path)).getArray().toFloatArray();
        double[] values = new double[floats.length];
        Arrays.setAll(values, i -> floats[i]);
        return values;
    }

    private static void assertMultiples(double[] actual, double[] given, int width) {
        for (int row = 0; row < given.length / width; row++) {
            double largest = 0;
            for (int i = row * width; i < (row + 1) * width; i++) {
                largest = Math.max(largest, Math.abs(given[i]));
            }
            int bits = Float.floatToRawIntBits((float) (largest / 127));
            double step = Float.intBitsToFloat((bits & 0xffff) == 0 ? bits : (bits | 0xffff) + 1);
            for (int i = row * width; i < (row + 1) * width; i++) {
                assertThat(actual[i]).isEqualTo((float) (Math.rint(given[i] / step) * step));
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void load_default_sameTokensCompiledOrNot(EngineUnderTest engine, NDManager manager)
            throws Exception {
        UNTIED.write(directory, StoredType.F16, 2);
        CausalLanguageModel given =
                HuggingFaceModels.load(directory, manager, LoadOptions.defaults());
        CausalLanguageModel portable =
                HuggingFaceModels.load(directory, manager, options("compile", "FALSE"));
        assertThat(tokens(given, manager, TOKENS)).isEqualTo(tokens(portable, manager, TOKENS));
        assertThat(given.getParameters().values()).allMatch(Parameter::isInitialized);
        if (engine.engineName().equals("PyTorch")) {
            HuggingFaceModels.load(directory, manager, options("compile", "true"));
        } else {
            assertThatThrownBy(
                            () ->
                                    HuggingFaceModels.load(
                                            directory, manager, options("compile", "true")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "compile=true, but engine MXNet runs models block by block only: use"
                                    + " engine PyTorch, or compile=auto");
        }
    }

    private static List<Long> tokens(CausalLanguageModel model, NDManager manager, long[] prompt) {
        List<Long> tokens = new ArrayList<>();
        try (GreedyDecoder decoder =
                GreedyDecoder.start(
                        model, manager, new long[][] {prompt}, GenerationOptions.of(8))) {
            while (decoder.hasNext()) {
                tokens.add(decoder.next()[0]);
            }
        }
        return tokens;
    }

    @Test
    void options_wrongValues_nameTheKnown() {
        assertThatThrownBy(() -> options("weights", "int5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "no weight format 'int5': use one of [float32, float16, bfloat16, int8,"
                                + " int4:32, int4:64, int4:128]");
        assertThatThrownBy(() -> options("compile", "maybe"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("compile 'maybe' must be auto, true or false");
        assertThatThrownBy(() -> options("weights.layers(", "int8"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("weights.layers( names no paths: ");
        assertThatThrownBy(() -> options("weights", "int8", "dataType", "float64"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "weights (int8) are read as float32, so dataType (float64) must be"
                                + " float32: give one of the two");
    }

    @EachEngine(leavesNothingOpen = true)
    void load_formatThatDoesNotFit_namesTheWeight(NDManager manager) throws Exception {
        new RandomLlama(96, 64, 1, 4, 2, 32, false).write(directory, StoredType.F32, 1);
        assertThatThrownBy(
                        () ->
                                HuggingFaceModels.load(
                                        directory, manager, options("weights", "int4:64")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "layers.0.attention.sublayer.query.weight (96, 96) cannot be kept in"
                                + " int4:64: 96 columns are no whole groups of 64; use a smaller"
                                + " group, or int8, for all or by weights.<paths>");
        assertThatThrownBy(
                        () ->
                                HuggingFaceModels.load(
                                        directory, manager, options("weights.layer0.*", "int8")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "weights.layer0.* matches no weight of a linear map: it must match a whole"
                                + " path, as layers.0.attention.sublayer.query.weight");
        assertThat(manager.getManagedArrays()).isEmpty();
    }

    @Test
    void packedModel_trainedSavedOrInitialised_saysWhyNot() throws Exception {
        UNTIED.write(directory, StoredType.BF16, 1);
        String end =
                ": its weights are packed for compiled passes and its parameters have no values;"
                        + " load it without a weight format";
        try (Model holder = Model.newInstance("packed", "PyTorch")) {
            NDManager manager = holder.getNDManager();
            CausalLanguageModel model =
                    HuggingFaceModels.load(directory, manager, options("weights", "bfloat16"));
            holder.setBlock(model);
            DataOutputStream out = new DataOutputStream(new ByteArrayOutputStream());
            assertThatThrownBy(() -> model.saveParameters(out))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("CausalLanguageModel cannot be saved" + end);
            assertThatThrownBy(
                            () ->
                                    HuggingFaceModels.saveWeights(
                                            model, directory.resolve("saved"), StoredType.F32))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot be saved");
            try (Trainer trainer = holder.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()))) {
                assertThatThrownBy(() -> trainer.initialize(new Shape(1, 3)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("CausalLanguageModel cannot be initialised or trained" + end);
            }
            NDList ids = new NDList(manager.create(new long[][] {TOKENS}));
            ParameterStore store = new ParameterStore(manager, false);
            assertThatThrownBy(() -> model.forward(store, ids, true))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("CausalLanguageModel cannot be initialised or trained" + end);
            assertThat(model.getParameters().values()).noneMatch(Parameter::isInitialized);
        }
    }

    @Test
    void packedModel_twoThreads_eachItsOwnTokens() throws Exception {
        UNTIED.write(directory, StoredType.BF16, 1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (NDManager manager = pyTorch()) {
            CausalLanguageModel model =
                    HuggingFaceModels.load(directory, manager, options("weights", "int8"));
            List<long[]> prompts = List.of(new long[] {7, 8, 9}, new long[] {70, 71, 72, 73});
            List<List<Long>> alone = new ArrayList<>();
            prompts.forEach(prompt -> alone.add(tokens(model, manager, prompt)));
            List<Future<List<Long>>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                long[] prompt = prompts.get(i % 2);
                all.add(threads.submit(() -> tokens(model, manager, prompt)));
            }
            for (int i = 0; i < 20; i++) {
                assertThat(all.get(i).get()).isEqualTo(alone.get(i % 2));
            }
        } finally {
            threads.shutdown();
        }
    }

    /** 6.5 MB packed: a leak of the weights alone would be 130 MB. */
    @Test
    void packedModel_loadedAndClosed_memoryStaysFlat() throws Exception {
        new RandomLlama(512, 1024, 2, 8, 4, 512, false).write(directory, StoredType.BF16, 1);
        for (int i = 0; i < 6; i++) {
            loadAndClose();
        }
        long before = NativeMemory.inUse();
        for (int i = 0; i < 20; i++) {
            loadAndClose();
        }
        long allowed = 60_000_000;
        assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
    }

    private void loadAndClose() throws Exception {
        try (NDManager manager = pyTorch()) {
            CausalLanguageModel model =
                    HuggingFaceModels.load(directory, manager, options("weights", "int8"));
            assertThat(tokens(model, manager, TOKENS)).hasSize(8);
        }
    }
}

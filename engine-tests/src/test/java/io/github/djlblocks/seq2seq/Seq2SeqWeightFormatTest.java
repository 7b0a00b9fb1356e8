package io.github.djlblocks.seq2seq;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RelativeError;
import io.github.djlblocks.torchscript.NativeMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Seq2SeqWeightFormatTest {

    private static final long[] SOURCE = {3, 1, 41, 59, 26, 5, 35, 89};
    private static final long[] TARGET = {0, 79, 32, 38, 46};

    @TempDir Path directory;

    private static EncoderDecoder load(Path from, NDManager manager, LoadOptions options)
            throws Exception {
        return (EncoderDecoder) HuggingFaceModels.loadBlock(from, manager, options);
    }

    private static double[] doubles(NDArray array) {
        float[] floats = array.toFloatArray();
        double[] values = new double[floats.length];
        Arrays.setAll(values, i -> floats[i]);
        return values;
    }

    private static double[] whole(EncoderDecoder model, NDManager manager) {
        NDArray source = manager.create(new long[][] {SOURCE});
        NDArray target = manager.create(new long[][] {TARGET});
        ParameterStore store = new ParameterStore(manager, false);
        return doubles(model.forward(store, new NDList(source, target), false).get(0));
    }

    /** The same, token by token over caches. */
    private static double[] steps(EncoderDecoder model, NDManager manager) {
        ParameterStore store = new ParameterStore(manager, false);
        NDList source = new NDList(manager.create(new long[][] {SOURCE}));
        NDArray memory = model.getEncoder().forward(store, source, false).get(0);
        PairList<String, Object> params = new PairList<>();
        int layers = model.getDecoder().getLayers();
        params.add(CausalLanguageModel.CACHE, KeyValueCache.growing(manager, layers));
        params.add(Seq2SeqDecoder.MEMORY_CACHE, KeyValueCache.memory(manager, layers));
        double[] all = new double[0];
        for (long token : TARGET) {
            NDList inputs = new NDList(manager.create(new long[][] {{token}}), memory);
            double[] next =
                    doubles(model.getDecoder().forward(store, inputs, false, params).get(0));
            all = Arrays.copyOf(all, all.length + next.length);
            System.arraycopy(next, 0, all, all.length - next.length, next.length);
        }
        return all;
    }

    /**
     * Of six sublayers of up to three products each, and the head, 19 roundings, independent of
     * each other, of relative size e: 4.4 e. Unscaled scores of T5 double that, and what looks at
     * the memory again. Sizes of e as for decoders.
     */
    @ParameterizedTest
    @CsvSource({
        "float32, 2.4e-7",
        "float16, 2.4e-7",
        "bfloat16, 3.9e-3",
        "int8, 9.1e-3",
        "int4, 9.1e-3"
    })
    void load_packed_isRoundedTwin(String format, double rounding) throws Exception {
        for (String config :
                List.of(RandomSeq2Seq.T5, RandomSeq2Seq.T5_GATED, RandomSeq2Seq.BART)) {
            RandomSeq2Seq.write(directory, config, StoredType.F32);
            LoadOptions options = LoadOptions.defaults().withWeights(WeightFormat.parse(format));
            try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
                EncoderDecoder packed = load(directory, manager, options);
                // What comes later reads nothing from the file any more.
                Files.delete(directory.resolve("model.safetensors"));
                double[] found = whole(packed, manager);
                double[] stepped = steps(packed, manager);
                assertThat(ParameterPaths.of(packed).values()).noneMatch(Parameter::isInitialized);
                RandomSeq2Seq.write(directory, config, StoredType.F32);
                EncoderDecoder twin =
                        load(directory, manager, options.withCompile(LoadOptions.Compile.OFF));
                assertThat(ParameterPaths.of(twin).values()).allMatch(Parameter::isInitialized);
                double[] expected = whole(twin, manager);
                double allowed = 4 * 4.4 * rounding;
                assertThat(RelativeError.of(found, expected))
                        .as(format + config)
                        .isLessThan(allowed);
                assertThat(RelativeError.of(stepped, expected))
                        .as(format + config)
                        .isLessThan(allowed);
                assertThat(RelativeError.of(steps(twin, manager), expected)).isLessThan(1e-5);
            }
        }
    }

    /** The head is rounded as a map, the table it is tied to is not. */
    @EachEngine(leavesNothingOpen = true)
    void load_int8NotCompiled_tableAsItIsAndHeadRounded(NDManager manager) throws Exception {
        RandomSeq2Seq.write(directory, RandomSeq2Seq.BART, StoredType.F32);
        LoadOptions options =
                LoadOptions.defaults()
                        .withWeights(WeightFormat.INT8)
                        .withWeights("decoder\\.layers\\..*", WeightFormat.FLOAT32)
                        .withCompile(LoadOptions.Compile.OFF);
        EncoderDecoder model = load(directory, manager, options);
        Map<String, Parameter> parameters = ParameterPaths.of(model);
        try (TensorSource source = Checkpoints.open(directory)) {
            double[] table = source.readDoubles("model.shared.weight");
            assertThat(values(parameters, "encoder.embeddings.tokens.weight")).isEqualTo(table);
            double[] head = values(parameters, "decoder.head.output.weight");
            assertThat(head).isNotEqualTo(table);
            assertThat(RelativeError.of(head, table)).isBetween(1e-4, 1e-2);
            assertThat(values(parameters, "decoder.head.bias"))
                    .isEqualTo(source.readDoubles("final_logits_bias"));
            assertThat(values(parameters, "decoder.layers.0.feedForward.sublayer.up.weight"))
                    .isEqualTo(source.readDoubles("model.decoder.layers.0.fc1.weight"));
            assertThat(values(parameters, "encoder.layers.0.feedForward.sublayer.up.weight"))
                    .isNotEqualTo(source.readDoubles("model.encoder.layers.0.fc1.weight"));
        }
    }

    private static double[] values(Map<String, Parameter> parameters, String path) {
        return doubles(Objects.requireNonNull(parameters.get(path)).getArray());
    }

    /**
     * A table of 160 MB, as float32 for looking up and as int8 for the head: 200 MB. A second copy
     * of it would make 360.
     */
    @Test
    void load_packedTiedTable_isHeldOnce() throws Exception {
        String config =
                RandomSeq2Seq.T5
                        .replace("\"vocab_size\": 96", "\"vocab_size\": 156250")
                        .replace("\"d_model\": 64", "\"d_model\": 256");
        RandomSeq2Seq.write(directory, config, StoredType.F16);
        LoadOptions options = LoadOptions.defaults().withWeights(WeightFormat.INT8);
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            load(directory, manager, options);
        }
        long before = NativeMemory.inUse();
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            EncoderDecoder model = load(directory, manager, options);
            assertThat(whole(model, manager)).hasSize(TARGET.length * 156250);
            long allowed = 280_000_000;
            assertThat(NativeMemory.grownSince(before, allowed)).isBetween(120_000_000L, allowed);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void saveWeights_loadedAgain_givesTheSameLogits(NDManager manager) throws Exception {
        for (String config : List.of(RandomSeq2Seq.T5_GATED, RandomSeq2Seq.BART)) {
            RandomSeq2Seq.write(directory, config, StoredType.F32);
            EncoderDecoder model = load(directory, manager, LoadOptions.defaults());
            Path saved = copyOfConfig(config);
            HuggingFaceModels.saveWeights(
                    model, HuggingFaceModels.describe(saved), saved, StoredType.F32);
            EncoderDecoder again = load(saved, manager, LoadOptions.defaults());
            try (NDManager scratch = manager.newSubManager()) {
                assertThat(whole(again, scratch)).containsExactly(whole(model, scratch));
            }
        }
    }

    private Path copyOfConfig(String config) throws IOException {
        Path saved = directory.resolve("saved");
        RandomSeq2Seq.describe(saved, config);
        return saved;
    }
}

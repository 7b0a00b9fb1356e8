package io.github.djlblocks.generation;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Weights of a Hugging Face directory: 16 bits wide, or not what the configuration says. */
class HuggingFaceDirectoryTest {

    private static final long[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6};

    @TempDir Path directory;

    @EachEngine(leavesNothingOpen = true)
    void load_bfloat16_sameAsItsWideningOnEveryEngine(NDManager manager) throws Exception {
        CausalLanguageModel original = TinyLlama.random(manager, DataType.FLOAT32);
        Path narrow = directory.resolve("narrow");
        TinyLlama.write(narrow, original, StoredType.BF16, TinyLlama.WORDS);
        CausalLanguageModel loaded = HuggingFaceModels.load(narrow, manager, DataType.FLOAT32);

        // BF16 is the upper half of a float32, rounded to even.
        List<double[]> expected = new ArrayList<>();
        ParameterPaths.of(original)
                .values()
                .forEach(p -> expected.add(roundedToBfloat16(HostValues.of(p.getArray()))));
        List<double[]> actual = new ArrayList<>();
        ParameterPaths.of(loaded).values().forEach(p -> actual.add(HostValues.of(p.getArray())));
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);

        Path wide = directory.resolve("wide");
        TinyLlama.write(wide, loaded, StoredType.F32, TinyLlama.WORDS);
        CausalLanguageModel widened = HuggingFaceModels.load(wide, manager, DataType.FLOAT32);
        assertThat(logits(loaded, manager)).isExactly(logits(widened, manager));
    }

    private static double[] roundedToBfloat16(double[] values) {
        return Arrays.stream(values)
                .map(
                        value -> {
                            int bits = Float.floatToRawIntBits((float) value);
                            int rounded = bits + 0x7fff + ((bits >> 16) & 1);
                            return Float.intBitsToFloat(rounded & 0xffff0000);
                        })
                .toArray();
    }

    @EachEngine(leavesNothingOpen = true)
    void saveWeights_thenLoad_sameBitsAndFrozen(NDManager manager) throws Exception {
        CausalLanguageModel original = TinyLlama.random(manager, DataType.FLOAT64);
        TinyLlama.write(directory, original, StoredType.F64, TinyLlama.WORDS);
        CausalLanguageModel loaded = HuggingFaceModels.load(directory, manager, DataType.FLOAT64);

        assertThat(logits(loaded, manager))
                .isCloseTo(logits(original, manager), Tolerance.of(DataType.FLOAT64, 24, 8));
        assertThat(loaded.getParameters().values())
                .noneMatch(parameter -> parameter.requiresGradient());
    }

    @EachEngine(leavesNothingOpen = true)
    void load_tensorMissingUnexpectedOrMisShaped_listsAllAndAllocatesNothing(NDManager manager)
            throws Exception {
        CausalLanguageModel original = TinyLlama.random(manager, DataType.FLOAT32);
        TinyLlama.write(directory, original, StoredType.F32, TinyLlama.WORDS);
        rewriteWrongly(manager);
        int open = manager.getManagedArrays().size();

        assertThatThrownBy(() -> HuggingFaceModels.load(directory, manager, DataType.FLOAT32))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("1 parameters missing, 1 tensors unexpected, 1 shapes")
                .hasMessageContaining("missing:\n    layers.1.attention.sublayer.key.weight")
                .hasMessageContaining("model.layers.1.self_attn.extra")
                .hasMessageContaining("norm.weight (16) <- model.norm.weight (15)");
        assertThat(manager.getManagedArrays()).hasSize(open);
    }

    /** Leaves one tensor out, adds one, cuts one short. */
    private void rewriteWrongly(NDManager manager) throws Exception {
        SafetensorsWriter writer = new SafetensorsWriter();
        try (NDManager scratch = manager.newSubManager();
                TensorSource source = Checkpoints.open(directory)) {
            for (String name : source.names()) {
                if (name.equals("model.norm.weight")) {
                    writer.add(name, new double[15], new Shape(15), StoredType.F32);
                } else if (!name.equals("model.layers.1.self_attn.k_proj.weight")) {
                    writer.add(name, source.read(name, scratch, DataType.FLOAT32));
                }
            }
            writer.add(
                    "model.layers.1.self_attn.extra", new double[1], new Shape(1), StoredType.F32);
            writer.write(directory.resolve("other.safetensors"));
        }
        Files.move(
                directory.resolve("other.safetensors"),
                directory.resolve(Checkpoints.SINGLE_FILE),
                StandardCopyOption.REPLACE_EXISTING);
    }

    @EachEngine(leavesNothingOpen = true)
    void load_noWeights_saysWhatThereIs(NDManager manager) throws IOException {
        Files.writeString(directory.resolve("config.json"), TinyLlama.CONFIG);
        assertThatThrownBy(() -> HuggingFaceModels.load(directory, manager, DataType.FLOAT32))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessage(
                        directory
                                + " has neither model.safetensors nor"
                                + " model.safetensors.index.json, but [config.json]: name the file"
                                + " itself, or convert the checkpoint to safetensors");
        assertThat(manager.getManagedArrays()).isEmpty();
    }

    @EachEngine(leavesNothingOpen = true)
    void criteria_dataTypeWithoutArithmetic_saysWhatToUse(EngineUnderTest engine)
            throws IOException {
        try (NDManager manager = engine.newManager()) {
            TinyLlama.write(
                    directory,
                    TinyLlama.random(manager, DataType.FLOAT32),
                    StoredType.BF16,
                    TinyLlama.WORDS);
        }
        assertThatThrownBy(
                        () ->
                                HuggingFaceModels.textGeneration(
                                                directory, engine.engineName(), engine.device())
                                        .optArgument("dataType", "bfloat16")
                                        .build()
                                        .loadModel())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "dataType 'bfloat16' cannot be computed through NDArray: use float32,"
                                + " float64 or float16 (a bfloat16 checkpoint loads as any of"
                                + " these)");
    }

    @EachEngine(leavesNothingOpen = true)
    void load_bfloat16AsParameterType_isRefusedBeforeTheEngine(NDManager manager)
            throws IOException {
        TinyLlama.write(
                directory,
                TinyLlama.random(manager, DataType.FLOAT32),
                StoredType.BF16,
                TinyLlama.WORDS);
        assertThatThrownBy(() -> HuggingFaceModels.load(directory, manager, DataType.BFLOAT16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "data type bfloat16 cannot be computed through NDArray: use FLOAT32,"
                                + " FLOAT64 or FLOAT16");
        assertThat(logits(TinyLlama.random(manager, DataType.FLOAT32), manager)).hasNoNaN();
    }

    private static NDArray logits(CausalLanguageModel model, NDManager manager) {
        NDList ids = new NDList(manager.create(TOKENS, new Shape(2, 4)));
        return model.forward(new ParameterStore(manager, false), ids, false).get(0);
    }
}

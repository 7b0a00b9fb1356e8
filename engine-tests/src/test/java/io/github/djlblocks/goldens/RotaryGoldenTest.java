package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.JsonUtils;
import ai.djl.util.PairList;
import com.google.gson.JsonObject;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryFrequencies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rotary embedding against transformers, each case with the frequencies its configuration gives.
 *
 * <p>A float64 angle is off by some of its last bits, which is more the larger the position; once
 * made, a table is rounded once, so in float32 the position no longer matters.
 */
final class RotaryGoldenTest {

    private static final List<String> CASES =
            List.of(
                    "default_d16",
                    "partial_0_5",
                    "linear_f4",
                    "dynamic_within",
                    "yarn_f4",
                    "llama31",
                    "longrope_short");

    @TempDir private Path folder;

    @Test
    void readConfig_everyCase_givesTheFrequencies() throws IOException, MalformedModelException {
        for (String name : CASES) {
            try (Golden golden = open(name)) {
                RotarySpec spec = spec(golden);
                double[] expected = golden.values("inv_freq");

                assertThat(spec.inverseFrequencies()).as(name).hasSameSizeAs(expected);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(spec.inverseFrequencies()[i])
                            .as("%s, frequency %d", name, i)
                            .isCloseTo(expected[i], withinPercentage(1e-13));
                }
                assertThat(spec.attentionFactor())
                        .as(name)
                        .isEqualTo(Double.parseDouble(golden.metadata().get("attention_scaling")));
            }
        }
    }

    @Test
    void standardAndLlama3_withTheNumbersOfLlama31_giveItsFrequencies()
            throws IOException, MalformedModelException {
        try (Golden golden = open("llama31")) {
            double[] frequencies =
                    RotaryFrequencies.llama3(
                            RotaryFrequencies.standard(500000, 128), 8, 1, 4, 8192);
            double[] expected = golden.values("inv_freq");
            for (int i = 0; i < expected.length; i++) {
                assertThat(frequencies[i]).isCloseTo(expected[i], withinPercentage(1e-13));
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_queriesAndKeys_givesTheTurnedOnes(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        for (String name : CASES) {
            try (Golden golden = open(name)) {
                NDArray positions = positions(golden, manager);
                Tolerance tolerance = tolerance(dataType, largest(golden), 3);
                for (String input : List.of("q", "k")) {
                    NDArray x = golden.array(input, manager, dataType);
                    int headDim = (int) x.getShape().get(3);
                    RotaryEmbedding rotary = RotaryEmbedding.of(headDim, spec(golden));

                    NDArray y = forward(rotary, new NDList(x, positions), manager);

                    golden.assertClose(input + "_rot", y, tolerance);
                }
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void table_positions_hasTheCosinesAndTheSignedSines(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        for (String name : CASES) {
            try (Golden golden = open(name)) {
                RotarySpec spec = spec(golden);
                NDArray positions = positions(golden, manager);

                RotaryTable table =
                        RotaryEmbedding.of(spec.rotaryDim(), spec).table(positions, dataType);

                int r = spec.rotaryDim();
                assertThat(table.cos().getShape()).isEqualTo(new Shape(1, 1, positions.size(), r));
                double[] sin = HostValues.of(table.sin());
                for (int i = 0; i < sin.length; i++) {
                    sin[i] = i % r < r / 2 ? -sin[i] : sin[i];
                }
                Tolerance tolerance = tolerance(dataType, largest(golden), 1);
                golden.assertClose("cos", HostValues.of(table.cos()), tolerance);
                golden.assertClose("sin", sin, tolerance);
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_interleavedPairs_givesThoseOfGptJ(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        try (Golden golden = open("interleaved_gptj")) {
            Shape stored = golden.shape("q");
            Shape headsFirst =
                    new Shape(stored.get(0), stored.get(2), stored.get(1), stored.get(3));
            double[] values = Golden.swapMiddle(golden.values("q"), stored);
            NDArray x = RandomTensors.toNDArray(manager, values, headsFirst, dataType);
            RotaryEmbedding rotary =
                    RotaryEmbedding.builder()
                            .setHeadDim((int) stored.get(3))
                            .optLayout(RotaryLayout.INTERLEAVED)
                            .build();

            NDArray y = forward(rotary, new NDList(x), manager);

            double[] turned = Golden.swapMiddle(HostValues.of(y), headsFirst);
            golden.assertClose("q_rot", turned, tolerance(dataType, (double) stored.get(1), 3));
        }
    }

    @EachEngine
    void table_interleavedPairs_hasTheSinesAndCosinesOfGptJ(NDManager manager)
            throws IOException, MalformedModelException {
        try (Golden golden = open("interleaved_gptj")) {
            int positions = (int) golden.shape("table_sin_cos").get(0);
            int pairs = (int) golden.shape("table_sin_cos").get(1) / 2;
            RotaryEmbedding rotary =
                    RotaryEmbedding.builder()
                            .setHeadDim(2 * pairs)
                            .optLayout(RotaryLayout.INTERLEAVED)
                            .build();
            NDArray steps = manager.arange(positions).toType(DataType.INT64, false);

            RotaryTable table = rotary.table(steps.reshape(1, positions), DataType.FLOAT32);

            double[] cos = HostValues.of(table.cos());
            double[] sin = HostValues.of(table.sin());
            double[] sinThenCos = new double[cos.length];
            for (int i = 0; i < positions * pairs; i++) {
                int row = i / pairs * 2 * pairs;
                sinThenCos[row + i % pairs] = sin[2 * i + 1];
                sinThenCos[row + pairs + i % pairs] = cos[2 * i];
            }
            // The reference made its angles in float32.
            golden.assertClose(
                    "table_sin_cos",
                    sinThenCos,
                    Tolerance.of(DataType.FLOAT32, 1, 1).withMinimumScale(positions));
        }
    }

    private static Tolerance tolerance(DataType dataType, double largestPosition, double constant) {
        return dataType == DataType.FLOAT64
                ? Tolerance.of(dataType, 1, constant).withMinimumScale(largestPosition)
                : Tolerance.of(dataType, 1, constant);
    }

    private static Golden open(String name) throws IOException, MalformedModelException {
        return Golden.open("rope/" + name + ".safetensors");
    }

    /** The embedding of a Llama with the case's configuration. */
    private RotarySpec spec(Golden golden) throws IOException {
        JsonObject config =
                JsonUtils.GSON.fromJson(golden.metadata().get("config"), JsonObject.class);
        config.addProperty("model_type", "llama");
        Files.writeString(folder.resolve(HuggingFaceModels.CONFIG_FILE), config.toString());
        return HuggingFaceModels.readConfig(folder).rotary();
    }

    private static NDArray positions(Golden golden, NDManager manager) {
        NDArray positions = golden.array("positions", manager, DataType.INT64);
        return positions.reshape(1, positions.size());
    }

    private static double largest(Golden golden) {
        return Arrays.stream(golden.values("positions")).max().orElse(0);
    }

    private static NDArray forward(RotaryEmbedding rotary, NDList inputs, NDManager manager) {
        return rotary.forward(new ParameterStore(manager, false), inputs, false, new PairList<>())
                .singletonOrThrow();
    }
}

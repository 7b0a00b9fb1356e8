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
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** DyT against the authors' {@code dynamic_tanh.py}. */
final class DynamicTanhGoldenTest {

    private static final List<String> CASES = List.of("dyt_channels_last", "dyt_init");

    private static final WeightMap WEIGHTS =
            WeightMap.builder()
                    .rename("param.{name}", "{name}")
                    .ignore("input.x")
                    .ignore("output")
                    .ignore("output.f64")
                    .ignore("grad.R")
                    .ignore("grad.input.x")
                    .ignore("grad.param.{name}")
                    .build();

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_ofTheReferencesInput_givesItsOutputAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        for (String name : CASES) {
            try (Golden golden = Golden.open("misc/dyt/" + name + ".safetensors")) {
                compare(golden, engine, manager, dataType);
            }
        }
    }

    @EachEngine
    void initialize_byDefault_givesTheReferencesParameters(NDManager manager)
            throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("misc/dyt/dyt_init.safetensors")) {
            DynamicTanh block = block(golden);
            block.initialize(manager, DataType.FLOAT32, golden.shape("input.x"));

            Gradients.parameters(block)
                    .forEach(
                            (name, array) ->
                                    assertThat(HostValues.of(array))
                                            .as(name)
                                            .containsExactly(golden.values("param." + name)));
        }
    }

    private static void compare(
            Golden golden, EngineUnderTest engine, NDManager manager, DataType dataType)
            throws MalformedModelException {
        DynamicTanh block = block(golden);
        CheckpointLoader.load(
                block, golden.source(), WEIGHTS, manager, dataType, golden.shape("input.x"));
        NDArray x = golden.array("input.x", manager, dataType);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        variables.put("grad.input.x", x);
        Gradients.parameters(block)
                .forEach((name, array) -> variables.put("grad.param." + name, array));
        assertThat(variables).hasSize(1 + golden.namesAfter("grad.param.").size());
        double[] output = new double[(int) golden.shape("output").size()];

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () -> {
                            NDArray y =
                                    block.forward(
                                                    new ParameterStore(manager, false),
                                                    new NDList(x),
                                                    true,
                                                    new PairList<>())
                                            .singletonOrThrow();
                            System.arraycopy(HostValues.of(y), 0, output, 0, output.length);
                            return y;
                        });

        // alpha x, its tanh, times w, plus b: four roundings.
        golden.assertClose("output", output, Tolerance.of(dataType, 1, 3));
        Shape shape = x.getShape();
        long rows = shape.size() / shape.get(2);
        gradients.forEach(
                (name, gradient) -> {
                    long terms =
                            switch (name) {
                                case "grad.input.x" -> 4;
                                case "grad.param.alpha" -> shape.size();
                                default -> rows;
                            };
                    // Summed over many terms of both signs, alpha's may cancel to much less.
                    double magnitude =
                            name.equals("grad.param.alpha") ? largest(golden.values("grad.R")) : 0;
                    golden.assertClose(
                            name,
                            gradient,
                            GoldenTolerance.ofGradient(dataType, terms)
                                    .withMinimumScale(
                                            dataType == DataType.FLOAT64 ? 0 : magnitude));
                });
    }

    private static double largest(double[] values) {
        return Arrays.stream(values).map(Math::abs).max().orElse(0);
    }

    private static DynamicTanh block(Golden golden) {
        return DynamicTanh.builder().setChannels((int) golden.shape("param.weight").get(0)).build();
    }
}

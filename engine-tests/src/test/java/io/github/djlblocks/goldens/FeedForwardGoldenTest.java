package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.layer.LayerScale;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Feed-forward blocks against those of torchscale and x-transformers. */
final class FeedForwardGoldenTest {

    /** A block and where its parameters stand in the file. */
    private record Reference(Block block, Map<String, String> prefixes) {}

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void xTransformers_everyVariant_givesItsOutputAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        for (Path file : files("misc/x_transformers", "ff_")) {
            try (Golden golden = Golden.open(file)) {
                compare(golden, xTransformers(golden), engine, manager, dataType);
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void torchscale_everyVariant_givesItsOutputAndGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        for (Path file : files("misc/torchscale", "glu_")) {
            try (Golden golden = Golden.open(file)) {
                compare(golden, torchscale(golden), engine, manager, dataType);
            }
        }
    }

    private static List<Path> files(String folder, String prefix) throws IOException {
        try (Stream<Path> listed = Files.list(Golden.path(folder))) {
            List<Path> files =
                    listed.filter(file -> file.getFileName().toString().startsWith(prefix))
                            .sorted()
                            .toList();
            assertThat(files).as("%s/%s*", folder, prefix).isNotEmpty();
            return files;
        }
    }

    /** {@code fc2(act(fc1 x) * gate x)}: its fc1 is the gate. */
    private static Reference torchscale(Golden golden) {
        ActivationFunction function =
                switch (Objects.requireNonNull(golden.metadata().get("activation"))) {
                    case "swish" -> ActivationFunction.SILU;
                    case "gelu" -> ActivationFunction.GELU;
                    case "relu" -> ActivationFunction.RELU;
                    default -> throw new IllegalArgumentException(golden.metadata().toString());
                };
        return new Reference(
                GatedFeedForward.of(
                        linear(golden, "fc1"),
                        linear(golden, "gate"),
                        linear(golden, "fc2"),
                        function),
                Map.of("fc1", "gate", "gate", "up", "fc2", "down"));
    }

    /** Its {@code glu_mult_bias} is a factor for each channel of what goes down. */
    private static Reference xTransformers(Golden golden) {
        JsonObject kwargs =
                JsonParser.parseString(golden.metadata().get("kwargs")).getAsJsonObject();
        ActivationFunction function =
                is(kwargs, "relu_squared")
                        ? ActivationFunction.SQUARED_RELU
                        : is(kwargs, "swish") ? ActivationFunction.SILU : ActivationFunction.GELU;
        boolean norm = is(kwargs, "post_act_ln");
        String down = norm ? "ff.3" : "ff.2";
        Map<String, String> prefixes = new LinkedHashMap<>();
        prefixes.put(down, "down");
        @Nullable LayerNorm afterActivation = null;
        if (norm) {
            prefixes.put("ff.1", "norm");
            int channels = (int) golden.shape("param.ff.1.weight").get(0);
            boolean bias = golden.has("param.ff.1.bias");
            afterActivation = LayerNorm.builder().setChannels(channels).optBias(bias).build();
        }
        if (!is(kwargs, "glu")) {
            prefixes.put("ff.0.0", "up");
            FeedForward.Builder builder =
                    FeedForward.builder()
                            .setUp(linear(golden, "ff.0.0"))
                            .setDown(linear(golden, down))
                            .optActivation(function);
            return new Reference(
                    (afterActivation == null ? builder : builder.optNorm(afterActivation)).build(),
                    prefixes);
        }
        prefixes.put("ff.0.proj", "gateUp");
        GatedFeedForward.Builder builder =
                GatedFeedForward.builder()
                        .setFusedProjection(linear(golden, "ff.0.proj"), GateOrder.VALUE_FIRST)
                        .setDown(linear(golden, down))
                        .optActivation(function);
        if (is(kwargs, "glu_mult_bias")) {
            assertThat(norm).as("a norm after a factor for each channel").isFalse();
            prefixes.put("ff.0", "norm");
            builder.optNorm(LayerScale.of((int) golden.shape("param.ff.0.mult_bias").get(0), 1));
        }
        return new Reference(
                (afterActivation == null ? builder : builder.optNorm(afterActivation)).build(),
                prefixes);
    }

    private static boolean is(JsonObject kwargs, String flag) {
        return kwargs.has(flag) && kwargs.get(flag).getAsBoolean();
    }

    private static Linear linear(Golden golden, String name) {
        int outputs = (int) golden.shape("param." + name + ".weight").get(0);
        int inputs = (int) golden.shape("param." + name + ".weight").get(1);
        return golden.has("param." + name + ".bias")
                ? Linear.withBias(inputs, outputs)
                : Linear.withoutBias(inputs, outputs);
    }

    private static void compare(
            Golden golden,
            Reference reference,
            EngineUnderTest engine,
            NDManager manager,
            DataType dataType)
            throws MalformedModelException {
        WeightMap.Builder weights =
                WeightMap.builder()
                        .ignore("input.x")
                        .ignore("output")
                        .ignore("output.f64")
                        .ignore("grad.R")
                        .ignore("grad.input.x");
        Map<String, String> tensors = new LinkedHashMap<>();
        for (String name : golden.namesAfter("param.")) {
            int dot = name.lastIndexOf('.');
            String path =
                    Objects.requireNonNull(reference.prefixes().get(name.substring(0, dot)), name)
                            + name.substring(dot).replace("mult_bias", "weight");
            weights.rename("param." + name, path).ignore("grad.param." + name);
            tensors.put(path, name);
        }
        Block block = reference.block();
        CheckpointLoader.load(
                block,
                golden.source(),
                weights.build(),
                manager,
                dataType,
                golden.shape("input.x"));
        NDArray x = golden.array("input.x", manager, dataType);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        variables.put("grad.input.x", x);
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                variables.put(
                                        "grad.param." + tensors.get(path), parameter.getArray()));
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

        long e = golden.shape("input.x").get(2);
        long rows = golden.shape("input.x").size() / e;
        long terms = e + 3 * e;
        golden.assertClose("output", output, GoldenTolerance.of(dataType, terms));
        gradients.forEach(
                (name, gradient) ->
                        golden.assertClose(
                                name,
                                gradient,
                                GoldenTolerance.ofGradient(dataType, terms + rows)));
    }
}

package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.norm.GroupNorm;
import io.github.djlblocks.norm.InstanceNorm;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The normalisation operators of ONNX, as blocks whose weights are the inputs of the node. */
@EnabledIf("present")
class OnnxNormTest {

    /** How the names of the cases start that are tested here. */
    static final List<String> PREFIXES =
            List.of(
                    "test_layer_normalization",
                    "test_rms_normalization",
                    "test_group_normalization");

    static boolean present() {
        return OnnxCase.present();
    }

    static Stream<Arguments> cases() {
        return OnnxCase.onEveryEngine(PREFIXES.toArray(String[]::new));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void forward_ofTheNode_givesItsOutput(String name, EngineUnderTest engine)
            throws IOException, MalformedModelException {
        try (OnnxCase node = OnnxCase.open(name);
                NDManager manager = engine.newManager()) {
            NDArray x = node.input(0, manager);
            Block block = block(node, x.getShape());
            Map<String, Parameter> parameters = ParameterPaths.of(block);
            assertThat(node.hasInput(2)).isEqualTo(parameters.containsKey("bias"));
            set(parameters, "weight", node.input(1, manager));
            if (node.hasInput(2)) {
                set(parameters, "bias", node.input(2, manager));
            }
            block.initialize(manager, x.getDataType(), x.getShape());

            NDArray y =
                    block.forward(
                                    new ParameterStore(manager, false),
                                    new NDList(x),
                                    false,
                                    new PairList<>())
                            .singletonOrThrow();

            // The reference rounds as we do: twice the constant of LayerNorm, over all of x at
            // most.
            node.assertOutput(0, y, Tolerance.of(DataType.FLOAT32, x.size(), 2));
        }
    }

    private static void set(Map<String, Parameter> parameters, String name, NDArray value) {
        Parameter parameter = parameters.get(name);
        assertThat(parameter).as(name).isNotNull();
        assertThat(parameter.getShape()).isEqualTo(value.getShape());
        parameter.setInitializer((manager, shape, type) -> value.duplicate());
    }

    private static Block block(OnnxCase node, Shape x) {
        double epsilon = node.number("epsilon", 1e-5);
        return switch (node.operator()) {
            case "LayerNormalization" ->
                    LayerNorm.builder()
                            .setNormalizedShape(trailing(node, x))
                            .optEpsilon(epsilon)
                            .optBias(node.hasInput(2))
                            .build();
            case "RMSNormalization" ->
                    RmsNorm.builder()
                            .setNormalizedShape(trailing(node, x))
                            .optEpsilon(epsilon)
                            .build();
            case "GroupNormalization" ->
                    GroupNorm.builder()
                            .setGroups(node.integer("num_groups", 0))
                            .setChannels(Math.toIntExact(x.get(1)))
                            .optEpsilon(epsilon)
                            .build();
            case "InstanceNormalization" ->
                    InstanceNorm.builder()
                            .setChannels(Math.toIntExact(x.get(1)))
                            .optEpsilon(epsilon)
                            .optAffine(true)
                            .build();
            default -> throw new IllegalArgumentException(node.operator());
        };
    }

    private static long[] trailing(OnnxCase node, Shape x) {
        int axis = node.integer("axis", -1);
        return x.slice(axis < 0 ? axis + x.dimension() : axis).getShape();
    }
}

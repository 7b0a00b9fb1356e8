package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rotation against the ONNX operator RotaryEmbedding, which is given cosines and sines. */
@EnabledIf(
        value = "io.github.djlblocks.goldens.OnnxCase#present",
        disabledReason = "the ONNX cases are not on this machine")
class OnnxRotaryTest {

    /** How the names of the cases start that are tested here. */
    static final List<String> PREFIXES = List.of("test_rotary_embedding");

    static Stream<Arguments> cases() {
        return OnnxCase.onEveryEngine(PREFIXES.toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rotate_operatorCase_givesItsOutput(String name, EngineUnderTest engine)
            throws IOException, MalformedModelException {
        try (OnnxCase onnx = OnnxCase.open(name);
                NDManager manager = engine.newManager()) {
            NDArray x = onnx.input(0, manager);
            Kernels kernels = Kernels.of(x);
            boolean headsJoined = x.getShape().dimension() == 3;
            NDArray split = headsJoined ? kernels.splitHeads(x, onnx.integer("num_heads", 0)) : x;

            NDArray y = kernels.rotate(split, table(onnx, manager));

            onnx.assertOutput(
                    0,
                    headsJoined ? kernels.mergeHeads(y) : y,
                    Tolerance.of(DataType.FLOAT32, 2, 1));
        }
    }

    /** The table of the caches (length, r / 2) at positions, or of caches (B, S, r / 2). */
    private static RotaryTable table(OnnxCase onnx, NDManager manager) {
        Shape cache = onnx.inputShape(1);
        int pairs = (int) cache.get(cache.dimension() - 1);
        double[] cosines = onnx.inputValues(1);
        double[] sines = onnx.inputValues(2);
        boolean interleaved = onnx.integer("interleaved", 0) == 1;
        Shape tokens = onnx.hasInput(3) ? onnx.inputShape(3) : cache.slice(0, 2);
        double[] cos = new double[(int) tokens.size() * 2 * pairs];
        double[] sin = new double[cos.length];
        for (int token = 0; token < tokens.size(); token++) {
            int row = onnx.hasInput(3) ? (int) onnx.inputValues(3)[token] : token;
            for (int i = 0; i < pairs; i++) {
                int first = token * 2 * pairs + (interleaved ? 2 * i : i);
                int second = interleaved ? first + 1 : first + pairs;
                cos[first] = cosines[row * pairs + i];
                cos[second] = cosines[row * pairs + i];
                sin[first] = -sines[row * pairs + i];
                sin[second] = sines[row * pairs + i];
            }
        }
        Shape shape = new Shape(tokens.get(0), 1, tokens.get(1), 2L * pairs);
        return new RotaryTable(
                RandomTensors.toNDArray(manager, cos, shape, DataType.FLOAT32),
                RandomTensors.toNDArray(manager, sin, shape, DataType.FLOAT32),
                interleaved ? RotaryLayout.INTERLEAVED : RotaryLayout.HALF_SPLIT);
    }
}

package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RoutingSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpareValuesTest {

    private static final RoutingSpec SPEC =
            new RoutingSpec(
                    1, RoutingSpec.Score.SOFTMAX, false, 1, 1, 1, RoutingSpec.GroupScore.MAX);

    private final NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    private final Tracer tracer = new Tracer(manager);
    private final TracedArray x = tracer.input(new Shape(2, 3, 4), DataType.FLOAT32);
    private final TracedArray weight = tracer.input(new Shape(4, 4), DataType.FLOAT32);
    private final Kernels kernels = Kernels.of(x);

    @AfterEach
    void close() {
        manager.close();
    }

    private Graph finish(NDArray... outputs) {
        return tracer.finish(new NDList(outputs));
    }

    private static Value value(NDArray array) {
        return ((TracedArray) array).value();
    }

    private NDArray gelu(NDArray array) {
        return kernels.activation(array, ActivationFunction.GELU);
    }

    @Test
    void value_readOnce_isSpare() {
        NDArray product = kernels.linear(x, weight, null);

        Graph graph = finish(gelu(product));

        assertThat(SpareValues.of(graph, Map.of())).containsExactly(value(product));
    }

    @Test
    void value_readTwice_isNot() {
        NDArray product = kernels.linear(x, weight, null);

        Graph graph = finish(kernels.softmax(product, 2), gelu(product));

        assertThat(SpareValues.of(graph, Map.of())).isEmpty();
    }

    @Test
    void value_addedToItself_isNot() {
        NDArray product = kernels.linear(x, weight, null);

        Graph graph = finish(kernels.add(product, 2, product));

        assertThat(SpareValues.of(graph, Map.of())).isEmpty();
    }

    @Test
    void value_readAndReturned_isNot() {
        NDArray product = kernels.linear(x, weight, null);

        Graph graph = finish(gelu(product), product);

        assertThat(SpareValues.of(graph, Map.of())).isEmpty();
    }

    @Test
    void input_isNot() {
        assertThat(SpareValues.of(finish(gelu(x)), Map.of())).isEmpty();
    }

    /** The identity gives what it is given. */
    @Test
    void value_passedOn_isNot() {
        NDArray same = kernels.activation(x, ActivationFunction.IDENTITY);
        NDArray softmax = kernels.softmax(x, 2);

        Graph graph = finish(kernels.add(same, 1, softmax));

        assertThat(SpareValues.of(graph, Map.of())).isEmpty();
    }

    /** Two maps that are one product read their input once; their results share a tensor. */
    @Test
    void joinedMaps_readOnceAndGiveNothingSpare() {
        NDArray scaled = kernels.scale(x, 2);
        NDArray first = kernels.linear(scaled, weight, null);
        NDArray second =
                kernels.linear(scaled, tracer.input(new Shape(4, 4), DataType.FLOAT32), null);
        NDArray sum = kernels.add(gelu(first), 1, gelu(second));

        Graph graph = finish(sum);
        List<Node> linears =
                graph.nodes().stream().filter(node -> node.operation().equals("linear")).toList();
        Map<Node, List<Node>> joined = Map.of(linears.get(0), linears, linears.get(1), List.of());

        assertThat(SpareValues.of(graph, joined))
                .contains(value(scaled))
                .doesNotContain(value(first), value(second));
        assertThat(SpareValues.of(graph, Map.of()))
                .contains(value(first), value(second))
                .doesNotContain(value(scaled));
    }

    /** One row of them lies in one piece, which nothing else is in. */
    @Test
    void joinedMaps_ofOneRow_giveSpareOnes() {
        TracedArray row = tracer.input(new Shape(1, 1, 4), DataType.FLOAT32);
        NDArray first = kernels.linear(row, weight, null);
        NDArray second = kernels.linear(row, tracer.input(new Shape(4, 4), DataType.FLOAT32), null);

        Graph graph = finish(kernels.add(gelu(first), 1, gelu(second)));
        List<Node> linears =
                graph.nodes().stream().filter(node -> node.operation().equals("linear")).toList();

        assertThat(
                        SpareValues.of(
                                graph, Map.of(linears.get(0), linears, linears.get(1), List.of())))
                .contains(value(first), value(second));
    }

    /** The only expert reads it in one place, which may run again. */
    @Test
    void value_readInABody_isNot() {
        NDArray outside = kernels.linear(x, weight, null);
        NDArray logits = tracer.input(new Shape(6, 1), DataType.FLOAT32);
        NDArray routed =
                kernels.mixture(
                        x, kernels.route(logits, null, SPEC), (expert, rows) -> gelu(outside));

        assertThat(SpareValues.of(finish(routed), Map.of())).isEmpty();
    }
}

package io.github.djlblocks.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.kernel.GateSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is recorded, and what of it a graph keeps. */
class GraphTest {

    private final NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    private final Tracer tracer = new Tracer(manager);
    private final TracedArray x = tracer.input(new Shape(2, 1, 6), DataType.FLOAT32);
    private final Kernels kernels = Kernels.of(x);

    @AfterEach
    void close() {
        manager.close();
    }

    private Graph finish(NDArray... outputs) {
        return tracer.finish(new NDList(outputs));
    }

    private static List<String> operations(Graph graph) {
        return graph.nodes().stream().map(Node::operation).toList();
    }

    @Test
    void calls_equal_areOneNode() {
        NDArray first = kernels.scale(x, 2);
        NDArray again = kernels.scale(x, 2);
        NDArray other = kernels.scale(x, 3);

        assertThat(((TracedArray) again).value()).isSameAs(((TracedArray) first).value());
        assertThat(((TracedArray) other).value()).isNotSameAs(((TracedArray) first).value());
        assertThat(operations(finish(first, again, other))).containsExactly("scale", "scale");
    }

    @Test
    void calls_ofOtherPrimitivesWithEqualOperands_areTheirOwn() {
        NDArray softmax = kernels.softmax(x, 2);
        NDArray logSoftmax = kernels.logSoftmax(x, 2);

        assertThat(operations(finish(softmax, logSoftmax)))
                .containsExactly("softmax", "logSoftmax");
    }

    @Test
    void overloads_areToldApart() {
        NDArray channels = kernels.scale(x, tracer.input(new Shape(6), DataType.FLOAT32));
        GateSpec spec = GateSpec.of(ActivationFunction.SILU);
        NDArray gated = kernels.gatedActivation(channels, x, spec);
        NDArray fused = kernels.gatedActivation(gated, GateOrder.GATE_FIRST, spec);

        assertThat(operations(finish(fused)))
                .containsExactly("scaleChannels", "gatedActivation", "fusedGatedActivation");
        assertThat(fused.getShape()).isEqualTo(new Shape(2, 1, 3));
    }

    @Test
    void finish_callsNobodyNeeds_areLeftOut() {
        NDArray unused = kernels.softmax(kernels.scale(x, 4), 1);
        NDArray used = kernels.scale(x, 2);

        assertThat(unused.getShape()).isEqualTo(x.getShape());
        assertThat(operations(finish(used))).containsExactly("scale");
    }

    @Test
    void finish_callsThatWrite_stayAsOftenAsTheyWereMade() {
        for (int i = 0; i < 2; i++) {
            tracer.call("write", false, x.dims(), DataType.FLOAT32, kernels.scale(x, 4));
        }

        assertThat(operations(finish(kernels.scale(x, 2))))
                .containsExactly("scale", "write", "write", "scale");
    }

    @Test
    void finish_parametersAndConstants_areThoseInUse() {
        Parameter weight = parameter("weight", new Shape(4, 6));
        Parameter bias = parameter("bias", new Shape(4));
        Parameter other = parameter("other", new Shape(5, 6));
        ParameterStore store = tracer.store(DataType.FLOAT32);
        NDArray w = store.getValue(weight, Device.cpu(), false);
        NDArray b = store.getValue(bias, Device.cpu(), false);
        store.getValue(other, Device.cpu(), false);

        Graph graph = finish(kernels.linear(x, w, b));

        assertThat(graph.parameters().stream().map(Value::parameter)).containsExactly(weight, bias);
        Dim last = graph.outputs().get(0).dims().get(2);
        assertThat(last.isConstant()).isTrue();
        assertThat(last.hint()).isEqualTo(4);
    }

    private static Parameter parameter(String name, Shape shape) {
        return Parameter.builder()
                .setName(name)
                .setType(Parameter.Type.OTHER)
                .optShape(shape)
                .build();
    }

    @Test
    void toString_ofAGraph_saysWhatIsComputed() {
        tracer.number();
        NDArray y = kernels.add(kernels.scale(x, 2), 0.5, x);

        assertThat(finish(y))
                .hasToString(
                        """
                        inputs [x0: float32[x0[0], 1, x0[2]]], numbers [n0: int64[]]
                        v0: float32[x0[0], 1, x0[2]] = scale(x0, 2.0)
                        v1: float32[x0[0], 1, x0[2]] = add(v0, 0.5, x0)
                        outputs [v1]
                        """);
    }

    @Test
    void origin_ofASymbol_isTheFirstValueThatHasIt() {
        Dim rows = x.dims().get(0);
        NDArray positions = kernels.keyPositions(x, 1, tracer.past(Past.of(7)));
        Dim keys = ((TracedArray) positions).dims().get(1);

        assertThat(rows.origin()).isSameAs(x.value());
        assertThat(rows.axis()).isZero();
        assertThat(keys.origin()).isSameAs(((TracedArray) positions).value());
        assertThat(keys.axis()).isEqualTo(1);
        assertThat(keys.hint()).isEqualTo(8);
        assertThat(keys.isConstant()).isFalse();
    }

    @Test
    void origin_ofAConstant_isAnError() {
        assertThat(x.dims().get(1)).isSameAs(Dim.ONE);
        assertThatIllegalStateException()
                .isThrownBy(Dim.ONE::origin)
                .withMessage("no value has the axis 1");
        assertThat(Dim.symbol(1)).isSameAs(Dim.ONE);
        assertThat(Dim.symbol(3)).isNotSameAs(Dim.symbol(3));
        assertThat(Dim.variable(1).isConstant()).isFalse();
        assertThat(Dim.symbol(3)).hasToString("?3");
    }

    @Test
    void recordedArrays_haveNoNumbers() {
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(x::toFloatArray)
                .withMessage(
                        "a recorded array (2, 1, 6) has no numbers: a block that reads them, or"
                                + " computes past Kernels, cannot be recorded");
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> x.mul(2));
    }

    @Test
    void arraysOfACall_areNotRecorded() {
        NDArray real = manager.ones(new Shape(6));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> kernels.scale(x, real))
                .withMessage(
                        "an array (6) that is neither an input nor a parameter takes part in the"
                                + " computation, which cannot be recorded: give it as an input");
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> finish(real));
    }

    @Test
    void past_ofRows_isAnInputAndElseANumber() {
        Past number = tracer.past(Past.of(3));
        Past rows = tracer.past(Past.of(3, 1));

        assertThat(Tracer.valueOf(number).kind()).isEqualTo(Value.Kind.NUMBER);
        assertThat(Tracer.valueOf(rows).kind()).isEqualTo(Value.Kind.INPUT);
        assertThat(rows.longest()).isEqualTo(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tracer.valueOf(Past.NONE))
                .withMessageEndingWith(" was not declared to a tracer");
    }

    @Test
    void operand_ofAnotherClass_isAnError() {
        Graph graph = finish(kernels.scale(x, 2));
        Node node = graph.nodes().get(0);

        assertThat(node.operand(1, Double.class)).isEqualTo(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> node.operand(1, Value.class))
                .withMessage(
                        "operand 1 of v0: float32[x0[0], 1, x0[2]] = scale(x0, 2.0) is no Value");
    }
}

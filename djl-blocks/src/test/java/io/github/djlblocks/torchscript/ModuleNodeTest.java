package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModuleNodeTest {

    private static final StoredTensor TENSOR = Contents.floats(new Shape(1), 1);

    @Test
    void text_everyPart_isDeclared() {
        ModuleNode child = ModuleNode.builder("__torch__.a.Child").build();
        ModuleNode node =
                ModuleNode.builder("__torch__.a.b.Parent")
                        .addParameter("weight", TENSOR)
                        .addParameter("1", TENSOR)
                        .addBuffer("table", TENSOR)
                        .addChild("0", child)
                        .addChild("in", child)
                        .addString("s", "x")
                        .addIntegers("sizes", List.of(1L))
                        .addMethod("def f(self: __torch__.a.b.Parent) -> int:\n  return 1\n")
                        .addMethod("def g(self: __torch__.a.b.Parent) -> int:\n  return 2")
                        .build();
        assertThat(node.text())
                .isEqualTo(
                        """
                        class Parent(Module):
                          __parameters__ = ["weight", "1", ]
                          __buffers__ = ["table", ]
                          training : bool
                          weight : Tensor
                          __annotations__["1"] = Tensor
                          table : Tensor
                          __annotations__["0"] = __torch__.a.Child
                          __annotations__["in"] = __torch__.a.Child
                          s : str
                          sizes : List[int]
                          def f(self: __torch__.a.b.Parent) -> int:
                            return 1
                          def g(self: __torch__.a.b.Parent) -> int:
                            return 2
                        """);
    }

    @Test
    void add_nameTwice_isNamed() {
        ModuleNode.Builder builder =
                ModuleNode.builder("__torch__.M")
                        .addParameter("w", TENSOR)
                        .addMethod("def f(self: __torch__.M) -> int:\n  return 1");
        String rest = ": tensors, children, values, methods and 'training' share one set of names";
        assertThatThrownBy(() -> builder.addBuffer("w", TENSOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("__torch__.M has two parts named 'w'" + rest);
        assertThatThrownBy(() -> builder.addInteger("f", 1))
                .hasMessage("__torch__.M has two parts named 'f'" + rest);
        assertThatThrownBy(() -> builder.addMethod("def w(self: __torch__.M) -> int:\n  return 1"))
                .hasMessage("__torch__.M has two parts named 'w'" + rest);
        assertThatThrownBy(() -> builder.addMethod("def f(self: __torch__.M) -> int:\n  return 2"))
                .hasMessage("__torch__.M has two parts named 'f'" + rest);
        assertThatThrownBy(() -> builder.addBoolean("training", true))
                .hasMessage("__torch__.M has two parts named 'training'" + rest);
        assertThat(builder.build().parts()).containsOnlyKeys("training", "w");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a.b", "a\"b", "a'b", "a\\b", "a\nb", "\u00e4"})
    void add_nameThatTextCannotHold_isNamed(String name) {
        assertThatThrownBy(() -> ModuleNode.builder("__torch__.M").addBuffer(name, TENSOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "name '"
                                + name
                                + "' of a part of a module must be ASCII without dots, quotes and"
                                + " backslashes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Model",
                "__torch__",
                "__torch__.",
                "__torch__.0",
                "__torch__.a-b",
                "x.__torch__.M"
            })
    void builder_otherClassNames_areNamed(String name) {
        assertThatThrownBy(() -> ModuleNode.builder(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "class name '"
                                + name
                                + "' must be __torch__ and identifiers joined with dots, as in"
                                + " __torch__.djlblocks.Model");
    }

    @Test
    void addMethod_noDefinition_isNamed() {
        assertThatThrownBy(() -> ModuleNode.builder("__torch__.M").addMethod("  return 1\nx"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a method of __torch__.M must begin with 'def name(', not '  return 1'");
    }

    @Test
    void storedTensor_unknownAxis_isNamed() {
        assertThatThrownBy(() -> new StoredTensor(TensorType.INT8, new Shape(2, -1), out -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("shape (2, -1) has an unknown axis: a stored tensor needs every size");
    }
}

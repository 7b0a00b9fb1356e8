package io.github.djlblocks.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ParameterPathsTest {

    @Test
    void of_nestedBlocks_joinsNamesWithoutNumbers() {
        Node attention = new Node().with("weight").with("bias");
        Node layer = new Node().with("norm", new Node().with("gamma")).with("attention", attention);
        Node root = new Node().with("scale").with("layers.0", layer);
        assertThat(ParameterPaths.of(root).keySet())
                .containsExactly(
                        "scale",
                        "layers.0.norm.gamma",
                        "layers.0.attention.weight",
                        "layers.0.attention.bias");
        assertThat(ParameterPaths.of(root).get("layers.0.attention.bias"))
                .isSameAs(attention.getDirectParameters().get("bias"));
        assertThat(ParameterPaths.aliases(root)).isEmpty();
    }

    @Test
    void of_namesOfDigitsAndMoreThanNinetyNineChildren_keepTheName() {
        Node root = new Node();
        for (int i = 0; i < 120; i++) {
            root.with(Integer.toString(i), new Node().with("w"));
        }
        assertThat(ParameterPaths.of(root).keySet())
                .hasSize(120)
                .startsWith("0.w", "1.w")
                .endsWith("118.w", "119.w");
    }

    @Test
    void of_childrenAfterARemoval_losesTheNumberAllTheSame() {
        Node root = new Node().with("first", new Node()).with("second", new Node().with("w"));
        root.dropFirstChild();
        assertThat(ParameterPaths.of(root).keySet()).containsExactly("second.w");
    }

    @Test
    void of_sharedParameter_appearsUnderItsFirstPath() {
        Node embedding = new Node().with("weight");
        Node output = new Node();
        output.share(embedding.getDirectParameters().get("weight"));
        Node root = new Node().with("embedding", embedding).with("output", output);
        assertThat(ParameterPaths.of(root).keySet()).containsExactly("embedding.weight");
        assertThat(ParameterPaths.aliases(root))
                .isEqualTo(Map.of("output.weight", "embedding.weight"));
    }

    @Test
    void of_siblingsOfOneName_keepTheirNumbers() {
        Block twins =
                new SequentialBlock()
                        .add(Linear.builder().setUnits(2).build())
                        .add(new Node().with("w"))
                        .add(Linear.builder().setUnits(3).optBias(false).build());
        assertThat(ParameterPaths.of(twins).keySet())
                .containsExactly("01Linear.weight", "01Linear.bias", "Node.w", "03Linear.weight");
    }

    @Test
    void blocks_ofATree_arePathToBlock() {
        Node query = new Node().with("w");
        Node attention = new Node().with("query", query);
        Node root = new Node().with("layers.0", attention).with("norm", new Node());
        assertThat(ParameterPaths.blocks(root).keySet())
                .containsExactly("layers.0", "layers.0.query", "norm");
        assertThat(ParameterPaths.blocks(root))
                .containsEntry("layers.0", attention)
                .containsEntry("layers.0.query", query);
    }

    @Test
    void of_twoParametersOfOnePath_isRefused() {
        Node root =
                new Node()
                        .with("a", new Node().with("b", new Node().with("w")))
                        .with("a.b", new Node().with("w"));
        assertThatThrownBy(() -> ParameterPaths.of(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "two parameters have the path 'a.b.w': give the child blocks different"
                                + " names");
    }

    private static final class Node extends AbstractBlock {

        Node with(String parameter) {
            addParameter(
                    Parameter.builder()
                            .setName(parameter)
                            .setType(Parameter.Type.WEIGHT)
                            .optShape(new Shape(1))
                            .build());
            return this;
        }

        Node with(String name, Block child) {
            addChildBlock(name, child);
            return this;
        }

        void share(Parameter parameter) {
            addParameter(parameter);
        }

        void dropFirstChild() {
            children.remove(children.get(0).getKey());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return inputs;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}

package io.github.djlblocks.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import org.junit.jupiter.api.Test;

/** Heads and embeddings: what does not fit is refused by name. */
class HeadErrorsTest {

    private static final int E = 6;

    @Test
    void pooling_inputsThatDoNotFit_areNamed() {
        SequencePooling mean = SequencePooling.of(Pooling.MEAN);
        String layout = "x (B, S, E), attention mask (B, S)";
        refuses(mean, "SequencePooling takes 1 or 2 inputs, " + layout + ", got 0");
        refuses(
                mean,
                "SequencePooling: input (2, 6) has 2 axes, expected 3: " + layout,
                new Shape(2, E));
        refuses(
                mean,
                "SequencePooling: input (2, 3, 1) has 3 axes, expected 2: " + layout,
                new Shape(2, 3, E),
                new Shape(2, 3, 1));
        refuses(
                mean,
                "SequencePooling: the input (2, 0, 6) has no token, expected at least 1: " + layout,
                new Shape(2, 0, E));
        assertThatThrownBy(SequencePooling::of)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pooling needs at least one mode");
    }

    @EachEngine
    void pooling_maskOfAnotherLengthOrType_isNamed(NDManager manager) {
        NDArray x = manager.ones(new Shape(2, 3, E));
        fails(
                manager,
                new NDList(x, manager.ones(new Shape(2, 4), DataType.INT64)),
                "attention mask has shape (2, 4), expected (2, 3) for x of shape (2, 3, 6)");
        fails(
                manager,
                new NDList(x, manager.ones(new Shape(3, 3), DataType.INT64)),
                "attention mask has shape (3, 3), expected (2, 3) for x of shape (2, 3, 6)");
        fails(
                manager,
                new NDList(x, manager.ones(new Shape(2, 3))),
                "attention mask is float32: expected INT64, INT32 or BOOLEAN, 1 where a token"
                        + " stands and 0 where padding stands");
        fails(
                manager,
                new NDList(manager.ones(new Shape(2, 3, E), DataType.INT64)),
                "SequencePooling: input is int64, expected a floating type: cast the input");
    }

    @EachEngine
    void pooling_maskOfAnyIntegerType_countsTheSame(NDManager manager) {
        NDArray x = manager.create(new float[] {1, 5, 2, 9}, new Shape(1, 4, 1));
        NDArray mask = manager.create(new long[] {1, 0, 1, 0}, new Shape(1, 4));
        for (DataType type : new DataType[] {DataType.INT64, DataType.INT32, DataType.BOOLEAN}) {
            NDArray y =
                    SequencePooling.of(Pooling.MEAN)
                            .forward(
                                    new ParameterStore(manager, false),
                                    new NDList(x, mask.toType(type, false)),
                                    false)
                            .singletonOrThrow();
            assertThat(y.toFloatArray()).as("%s", type).containsExactly(1.5f);
        }
    }

    @Test
    void getOutputShapes_unknownSizes_stayUnknown() {
        SequencePooling two = SequencePooling.of(Pooling.MAX, Pooling.MEAN);

        assertThat(two.getOutputShapes(new Shape[] {new Shape(-1, -1, E)}))
                .containsExactly(new Shape(-1, 2 * E));
        assertThat(two.getOutputShapes(new Shape[] {new Shape(3, 5, -1)}))
                .containsExactly(new Shape(3, -1));
    }

    @Test
    void heads_sizesThatDoNotFit_areNamed() {
        SequenceClassificationHead head =
                SequenceClassificationHead.of(
                        SequencePooling.of(Pooling.FIRST), Linear.withBias(7, 2));
        refuses(
                head,
                "SequenceClassificationHead: of the input (2, 3, 6) pooling makes (2, 6), but"
                        + " classifier takes 7 channels",
                new Shape(2, 3, E));
        refuses(
                TokenClassificationHead.of(Linear.withBias(E, 2)),
                "TokenClassificationHead: input (2, 6) has 2 axes, expected 3: x (B, S, E)",
                new Shape(2, E));
        assertThatThrownBy(() -> QuestionAnsweringHead.of(Linear.withBias(E, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("outputs gives 3 channels, but an answer has 2 ends: give 2");
        assertThatThrownBy(() -> UnitNorm.of(0))
                .hasMessage("epsilon (0.0) must be a finite number above 0");
    }

    @Test
    void languageModelHead_partsThatDoNotFit_areNamed() {
        String one =
                "a language model head needs an output map or a tied table, one of the two: call"
                        + " setOutput or setTable";
        refuses(LanguageModelHead.builder(), one);
        refuses(
                LanguageModelHead.builder()
                        .setOutput(Linear.withBias(E, 9))
                        .setTable(TokenEmbedding.of(9, E)),
                one);
        refuses(
                LanguageModelHead.builder().setOutput(Linear.withBias(E, 9)).optBias(true),
                "the output map has a bias already: give it none, or leave optBias out");
        refuses(
                LanguageModelHead.builder().setTable(TokenEmbedding.of(9, E)).optScale(-1),
                "scale (-1.0) must be a finite number above 0");
        refuses(
                LanguageModelHead.builder()
                        .setTable(TokenEmbedding.of(9, E))
                        .optTransform(
                                Linear.withBias(E, 5),
                                ActivationFunction.GELU,
                                LayerNorm.builder().setChannels(5).build()),
                "dense gives 5 channels but the output takes 6");
    }

    @Test
    void languageModelHead_tied_hasNoTableOfItsOwn() {
        LanguageModelHead head =
                LanguageModelHead.builder().setTable(TokenEmbedding.of(9, E)).optBias(true).build();

        assertThat(head.getParameters().size()).isEqualTo(1);
        assertThat(head.getParameters().valueAt(0).getShape()).isEqualTo(new Shape(9));
        assertThat(head.getOutputShapes(new Shape[] {new Shape(-1, 4, E)}))
                .containsExactly(new Shape(-1, 4, 9));
    }

    @Test
    void encoderEmbeddings_partsThatDoNotFit_areNamed() {
        assertThatThrownBy(() -> EncoderEmbeddings.builder().build())
                .hasMessage("the token embedding is missing: call setTokens");
        EncoderEmbeddings plain =
                EncoderEmbeddings.builder().setTokens(TokenEmbedding.of(9, E)).build();
        Shape ids = new Shape(2, 3);
        refuses(
                plain,
                "token types were given, but there is no embedding of them: give ids and positions"
                        + " only",
                ids,
                ids,
                ids);
        refuses(
                plain,
                "EncoderEmbeddings: the last axis of the input (2, 3, 5) must be hiddenSize (6)",
                new Shape(2, 3, 5));
    }

    private static void fails(NDManager manager, NDList inputs, String message) {
        assertThatThrownBy(
                        () ->
                                SequencePooling.of(Pooling.MEAN)
                                        .forward(new ParameterStore(manager, false), inputs, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static void refuses(Block block, String message, Shape... inputs) {
        assertThatThrownBy(() -> block.getOutputShapes(inputs))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static void refuses(LanguageModelHead.Builder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}

package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/** Which tokens come, when each row stops, and what stays in memory. */
class GreedyDecoderTest {

    private static final Map<Integer, Integer> COUNTING =
            Map.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 1);

    @EachEngine(leavesNothingOpen = true)
    void next_endToken_stopsAndIsPartOfTheOutput(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        GenerationOptions options = GenerationOptions.of(9).withEndTokens(Set.of(4L, 15L));
        try (GreedyDecoder decoder = start(model, manager, options, new long[] {1})) {
            assertThat(column(decoder, 0)).containsExactly(2L, 3L, 4L);
            assertThat(decoder.finishReason(0)).isEqualTo(FinishReason.END_TOKEN);
            assertThatThrownBy(decoder::next)
                    .isInstanceOf(NoSuchElementException.class)
                    .hasMessage("every sequence is finished");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_rowsThatEndApart_finishedOnesGetThePadToken(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        GenerationOptions options =
                GenerationOptions.of(4).withEndTokens(Set.of(6L)).withPadToken(9);
        try (GreedyDecoder decoder =
                start(model, manager, options, new long[] {1, 4}, new long[] {7}, new long[] {2})) {
            List<long[]> steps = new ArrayList<>();
            decoder.forEachRemaining(steps::add);
            assertThat(steps)
                    .usingRecursiveComparison()
                    .isEqualTo(
                            List.of(
                                    new long[] {5, 8, 3},
                                    new long[] {6, 1, 4},
                                    new long[] {9, 2, 5},
                                    new long[] {9, 3, 6}));
            assertThat(decoder.finishReason(0)).isEqualTo(FinishReason.END_TOKEN);
            assertThat(decoder.finishReason(1)).isEqualTo(FinishReason.MAX_NEW_TOKENS);
            assertThat(decoder.finishReason(2)).isEqualTo(FinishReason.END_TOKEN);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_endOfTheContext_stops(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        try (GreedyDecoder decoder =
                start(model, manager, GenerationOptions.of(99), new long[] {1, 2, 3, 4, 5, 6, 7})) {
            // 7 of the 12 are the prompt.
            assertThat(column(decoder, 0)).containsExactly(8L, 1L, 2L, 3L, 4L);
            assertThat(decoder.finishReason(0)).isEqualTo(FinishReason.CONTEXT_FULL);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_raggedBatch_eachRowAsAlone(NDManager manager) {
        // In FLOAT64, where no rounding comes near to the distance of two logits.
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT64);
        long[][] prompts = {{3, 1, 4, 1, 5}, {9}, {2, 6}};
        GenerationOptions options = GenerationOptions.of(6);
        List<List<Long>> alone = new ArrayList<>();
        for (long[] prompt : prompts) {
            try (GreedyDecoder decoder = start(model, manager, options, prompt)) {
                alone.add(column(decoder, 0));
            }
        }
        assertThat(alone.stream().distinct()).hasSize(3);
        for (int row = 0; row < prompts.length; row++) {
            try (GreedyDecoder decoder = start(model, manager, options, prompts)) {
                assertThat(column(decoder, row)).as("row %d", row).isEqualTo(alone.get(row));
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_manySteps_memoryIsFlatAndCloseFreesIt(NDManager manager) {
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT32);
        LeakGuard guard = LeakGuard.of(manager);
        int before = guard.openArrays();
        GreedyDecoder decoder =
                start(model, manager, GenerationOptions.of(9), new long[] {1, 2}, new long[] {3});
        decoder.next();
        int afterOne = guard.openArrays();
        while (decoder.hasNext()) {
            decoder.next();
            assertThat(guard.openArrays()).isEqualTo(afterOne);
        }
        assertThat(decoder.logits().getShape().getShape())
                .containsExactly(2, 1, TinyLlama.VOCABULARY);
        decoder.close();
        assertThat(guard.openArrays()).isEqualTo(before);
    }

    @EachEngine(leavesNothingOpen = true)
    void start_promptsThatCannotBe_saysWhy(NDManager manager) {
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT32);
        GenerationOptions options = GenerationOptions.of(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> start(model, manager, options))
                .withMessage("there is no prompt: give at least one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> start(model, manager, options, new long[] {1}, new long[0]))
                .withMessage("prompt 1 is empty: give at least one token");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> start(model, manager, options, new long[12]))
                .withMessage(
                        "a prompt of 12 tokens leaves no room in the context of 12: shorten it to"
                                + " at most 11");
        try (GreedyDecoder decoder = start(model, manager, options, new long[] {1})) {
            assertThatThrownBy(decoder::logits)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("there are no logits yet: call next() first");
        }
        try (GreedyDecoder decoder = start(model, manager, options, new long[] {16})) {
            assertThatIllegalArgumentException()
                    .isThrownBy(decoder::next)
                    .withMessage(
                            "token id 16 is outside the embedding table of 16 rows: ids run from 0"
                                    + " to 15");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_weightsThatAreNotNumbers_saysSo(NDManager manager) {
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT32);
        ParameterPaths.of(model).values().forEach(p -> p.getArray().muli(Float.NaN));
        try (GreedyDecoder decoder =
                start(model, manager, GenerationOptions.of(3), new long[] {1, 2})) {
            assertThatThrownBy(decoder::next)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "the logits of token 3 are not finite: the weights hold an infinity or"
                                + " a NaN, or float32 overflowed; check the checkpoint, or load it"
                                + " in a wider type");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                start(
                                        model,
                                        manager,
                                        GenerationOptions.of(3).withPadToken(16),
                                        new long[] {1}))
                .withMessage(
                        "padToken (16) must be from 0 to 15, the last token of the vocabulary");
    }

    @EachEngine(leavesNothingOpen = true)
    void use_noSuchRowOrClosed_saysSo(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        GreedyDecoder decoder =
                start(model, manager, GenerationOptions.of(3), new long[] {1}, new long[] {2});
        for (int row : new int[] {-1, 2}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> decoder.finishReason(row))
                    .withMessage("there is no row " + row + " in a batch of 2");
        }
        decoder.close();
        assertThatThrownBy(decoder::next)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the decoder is closed: start another");
    }

    private static GreedyDecoder start(
            CausalLanguageModel model,
            NDManager manager,
            GenerationOptions options,
            long[]... prompts) {
        return GreedyDecoder.start(model, manager, prompts, options);
    }

    private static List<Long> column(GreedyDecoder decoder, int row) {
        List<Long> tokens = new ArrayList<>();
        while (decoder.hasNext()) {
            tokens.add(decoder.next()[row]);
        }
        return tokens;
    }
}

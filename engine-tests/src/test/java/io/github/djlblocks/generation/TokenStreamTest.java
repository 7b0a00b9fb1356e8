package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationOptionsBuilder;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generate.TokenStep;
import io.github.djlblocks.generate.TokenStream;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/** Tokens as they come, why rows end, and what stays in memory. */
class TokenStreamTest {

    private static final long[][] PROMPTS = {{3, 1, 4, 1, 5}, {9}, {2, 6}};

    private static final Map<Integer, Integer> COUNTING =
            Map.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 1);

    @EachEngine(leavesNothingOpen = true)
    void generate_rowsThatStopApart_eachHasItsReason(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        GenerationOptions options =
                GenerationOptions.builder()
                        .setMaxNewTokens(4)
                        .optEndTokens(Set.of(6L))
                        .optStopSequences(List.of(List.of(2L, 3L)))
                        .build();
        TokenGenerator generator =
                TokenGenerator.of(model, manager)
                        .withStop(history -> history.row() == 3 && history.generatedLength() == 2);
        List<GenerationResult> results =
                generator.generate(new long[][] {{4}, {1}, {7}, {8}, {2, 3}}, options);
        assertThat(results.get(0).tokens()).containsExactly(5, 6);
        assertThat(results.get(1).tokens()).containsExactly(2, 3);
        assertThat(results.get(2).tokens()).containsExactly(8, 1, 2, 3);
        assertThat(results.get(3).tokens()).containsExactly(1, 2);
        assertThat(results.get(4).tokens()).containsExactly(4, 5, 6);
        assertThat(results.stream().map(GenerationResult::finishReason))
                .containsExactly(
                        FinishReason.END_TOKEN,
                        FinishReason.STOP_SEQUENCE,
                        FinishReason.STOP_SEQUENCE,
                        FinishReason.STOP_SEQUENCE,
                        FinishReason.END_TOKEN);
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_steps_areTheResult(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        GenerationOptions options =
                sampling(9)
                        .optSeed(2)
                        .optEndTokens(Set.of(1L, 2L, 3L, 4L, 5L))
                        .optPadToken(19)
                        .optLogProbabilities(0)
                        .build();
        TokenGenerator generator = TokenGenerator.of(model, manager);
        List<GenerationResult> results = generator.generate(PROMPTS, options);
        assertThat(results.stream().map(result -> result.tokens().length).distinct())
                .as("rows that end apart")
                .hasSizeGreaterThan(1);
        try (TokenStream stream = generator.stream(PROMPTS, options)) {
            for (int i = 0; stream.hasNext(); i++) {
                TokenStep step = stream.next();
                assertThat(step.rows()).isEqualTo(3);
                for (int row = 0; row < 3; row++) {
                    long[] tokens = results.get(row).tokens();
                    boolean here = i < tokens.length;
                    assertThat(step.hasToken(row)).isEqualTo(here);
                    assertThat(step.token(row)).isEqualTo(here ? tokens[i] : 19);
                    assertThat(step.tokens()[row]).isEqualTo(step.token(row));
                    assertThat(step.finishReason(row))
                            .isEqualTo(
                                    i < tokens.length - 1 ? null : results.get(row).finishReason());
                    assertThat(step.logProbabilities(row))
                            .isEqualTo(here ? results.get(row).logProbabilities().get(i) : null);
                }
            }
            assertThat(stream.results()).usingRecursiveComparison().isEqualTo(results);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void close_betweenSteps_freesAllAndCancels(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        EncoderDecoder both = RandomModels.seq2seq(manager, DataType.FLOAT32);
        GenerationOptions options =
                sampling(9).optNumReturnSequences(2).optEndTokens(Set.of(4L)).build();
        for (TokenGenerator generator :
                List.of(TokenGenerator.of(model, manager), TokenGenerator.of(both, manager, 0))) {
            LeakGuard guard = LeakGuard.of(manager);
            int before = guard.openArrays();
            for (int steps = 0; steps < 4; steps++) {
                TokenStream stream = generator.stream(PROMPTS, options);
                for (int i = 0; i < steps; i++) {
                    stream.next();
                }
                if (steps == 0) {
                    assertThatThrownBy(stream::results)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage(
                                    "row 0 is not finished: go on to the end, or close the"
                                            + " stream");
                }
                stream.close();
                stream.close();
                assertThat(guard.openArrays()).isEqualTo(before);
                assertThat(stream.hasNext()).isFalse();
                assertThatThrownBy(stream::next)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the generation is closed: start another");
                int taken = steps;
                assertThat(stream.results())
                        .hasSize(6)
                        .allMatch(
                                result ->
                                        result.finishReason() == FinishReason.END_TOKEN
                                                || (result.finishReason() == FinishReason.CANCELLED
                                                        && result.tokens().length == taken));
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_manySteps_memoryIsFlat(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        EncoderDecoder both = RandomModels.seq2seq(manager, DataType.FLOAT32);
        for (TokenGenerator generator :
                List.of(TokenGenerator.of(model, manager), TokenGenerator.of(both, manager, 0))) {
            LeakGuard guard = LeakGuard.of(manager);
            try (TokenStream stream =
                    generator.stream(
                            PROMPTS, sampling(8).optNumReturnSequences(3).optTopP(0.8).build())) {
                stream.next();
                stream.next();
                int afterTwo = guard.openArrays();
                while (stream.hasNext()) {
                    stream.next();
                    assertThat(guard.openArrays()).isEqualTo(afterTwo);
                }
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void cancel_fromAnotherThread_endsBeforeTheNextToken(NDManager manager) throws Exception {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        try (TokenStream stream =
                TokenGenerator.of(model, manager).stream(PROMPTS, GenerationOptions.of(9))) {
            stream.next();
            Thread other = new Thread(stream::cancel);
            other.start();
            other.join();
            assertThat(stream.hasNext()).isFalse();
            assertThatThrownBy(stream::next)
                    .isInstanceOf(NoSuchElementException.class)
                    .hasMessage("every sequence is finished");
            assertThat(stream.results())
                    .allMatch(
                            result ->
                                    result.tokens().length == 1
                                            && result.finishReason() == FinishReason.CANCELLED);
        }
    }

    private static GenerationOptionsBuilder sampling(int count) {
        return GenerationOptions.builder().setMaxNewTokens(count).optDoSample(true);
    }
}

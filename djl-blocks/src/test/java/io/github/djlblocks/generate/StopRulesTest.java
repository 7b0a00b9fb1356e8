package io.github.djlblocks.generate;

import static io.github.djlblocks.generate.Histories.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Why a sequence ends, and which reason goes first. */
class StopRulesTest {

    @Test
    void limit_countLengthAndContext_theSmallestHolds() {
        TokenHistory full = Histories.of(ids(1, 1, 1), 2, 2, 2, 2);
        StopRules counted = rules(GenerationOptions.of(4), 3, 8);
        assertThat(counted.limit()).isEqualTo(4);
        assertThat(counted.reason(full)).isEqualTo(FinishReason.MAX_NEW_TOKENS);
        StopRules exact = rules(GenerationOptions.of(5), 3, 8);
        assertThat(exact.limit()).isEqualTo(5);
        assertThat(exact.reason(full)).isNull();
        assertThat(exact.reason(Histories.of(ids(1, 1, 1), 2, 2, 2, 2, 2)))
                .isEqualTo(FinishReason.MAX_NEW_TOKENS);
        StopRules context = rules(GenerationOptions.of(6), 4, 8);
        assertThat(context.limit()).isEqualTo(4);
        assertThat(context.reason(full)).isEqualTo(FinishReason.CONTEXT_FULL);
        GenerationOptions total = GenerationOptions.builder().setMaxLength(7).build();
        assertThat(rules(total, 3, 99).limit()).isEqualTo(4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rules(total, 7, 99))
                .withMessage(
                        "maxLength (7) leaves no room after a prompt of 7 tokens: raise it, or set"
                                + " maxNewTokens");
    }

    @Test
    void reason_endToken_goesBeforeAllOthers() {
        GenerationOptions options =
                GenerationOptions.builder()
                        .setMaxNewTokens(2)
                        .optEndTokens(Set.of(5L))
                        .optStopSequences(List.of(List.of(7L, 5L), List.of(7L, 6L)))
                        .build();
        StopRules rules = rules(options, 1, 99);
        assertThat(rules.reason(Histories.of(ids(1), 7, 5))).isEqualTo(FinishReason.END_TOKEN);
        assertThat(rules.reason(Histories.of(ids(1), 7, 6))).isEqualTo(FinishReason.STOP_SEQUENCE);
        assertThat(rules.reason(Histories.of(ids(1), 6, 7))).isEqualTo(FinishReason.MAX_NEW_TOKENS);
        assertThat(rules.reason(Histories.of(ids(1), 7))).isNull();
    }

    @Test
    void reason_stopSequence_isOfNewTokensAlone() {
        StopRules rules =
                rules(
                        GenerationOptions.builder()
                                .setMaxNewTokens(9)
                                .optStopSequences(List.of(List.of(7L, 6L)))
                                .build(),
                        1,
                        99);
        assertThat(rules.reason(Histories.of(ids(7), 6))).isNull();
        assertThat(rules.reason(Histories.of(ids(7), 6, 7, 6)))
                .isEqualTo(FinishReason.STOP_SEQUENCE);
    }

    @Test
    void reason_condition_seesRowAndTokens() {
        StopCondition condition =
                history -> {
                    assertThat(history.row()).isEqualTo(3);
                    assertThat(history.promptLength()).isEqualTo(2);
                    assertThat(history.length()).isEqualTo(2 + history.generatedLength());
                    assertThatThrownBy(() -> history.token(history.length()))
                            .isInstanceOf(IndexOutOfBoundsException.class)
                            .hasMessage(
                                    "there is no token "
                                            + history.length()
                                            + " in a sequence of "
                                            + history.length());
                    return history.generated()[history.generatedLength() - 1] == 8;
                };
        StopRules rules = new StopRules(GenerationOptions.of(5), List.of(condition), 2, 99);
        assertThat(rules.reason(Histories.of(3, 0, ids(8, 8), 1))).isNull();
        assertThat(rules.reason(Histories.of(3, 0, ids(8, 8), 1, 8)))
                .isEqualTo(FinishReason.STOP_SEQUENCE);
    }

    private static StopRules rules(GenerationOptions options, int promptLength, int context) {
        return new StopRules(options, List.of(), promptLength, context);
    }
}

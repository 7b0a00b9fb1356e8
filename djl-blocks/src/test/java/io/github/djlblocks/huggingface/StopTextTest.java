package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopTextTest {

    @Test
    void accept_startOfAStopString_isHeldBackUntilItIsKnown() {
        StopText text = new StopText(List.of("STOP", "TOPS"));
        assertThat(text.accept("ab S")).isEqualTo("ab ");
        assertThat(text.accept("T")).isEmpty();
        assertThat(text.accept("A")).isEqualTo("STA");
        assertThat(text.isFound()).isFalse();
        assertThat(text.accept("TOP")).isEmpty();
        assertThat(text.rest()).isEqualTo("TOP");
    }

    @Test
    void accept_stopStringAcrossPieces_endsBeforeTheFirst() {
        StopText text = new StopText(List.of("\n\n", "END"));
        assertThat(text.accept("a\n")).isEqualTo("a");
        assertThat(text.accept("E")).isEqualTo("\n");
        assertThat(text.accept("N\n")).isEqualTo("EN");
        assertThat(text.accept("\nEND")).isEmpty();
        assertThat(text.isFound()).isTrue();
        assertThat(text.rest()).isEmpty();
    }

    @Test
    void accept_twoInOnePiece_endsBeforeTheEarlier() {
        StopText text = new StopText(List.of("c", "b"));
        assertThat(text.accept("abc")).isEqualTo("a");
        assertThat(text.isFound()).isTrue();
    }

    @Test
    void accept_noStopStrings_holdsNothingBack() {
        StopText text = new StopText(List.of());
        assertThat(text.accept("abc")).isEqualTo("abc");
        assertThat(text.rest()).isEmpty();
    }

    /** Of "aab" after "aa" the first a can no longer be its start, the second can. */
    @Test
    void accept_overlappingStart_keepsTheLongestThatCanStillBeOne() {
        StopText text = new StopText(List.of("aab"));
        assertThat(text.accept("aaa")).isEqualTo("a");
        assertThat(text.accept("b")).isEmpty();
        assertThat(text.isFound()).isTrue();
    }
}

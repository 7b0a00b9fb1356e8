package io.github.djlblocks.generate;

import java.util.stream.LongStream;

/** Histories for tests. */
final class Histories {

    private Histories() {}

    /** Of row 0, without padding. */
    static TokenHistory of(long[] prompt, long... generated) {
        return of(0, 0, prompt, generated);
    }

    static TokenHistory of(int row, int padding, long[] prompt, long... generated) {
        TokenHistory history = new TokenHistory(row, padding, prompt);
        LongStream.of(generated).forEach(history::append);
        return history;
    }

    static long[] ids(long... tokens) {
        return tokens;
    }
}

package io.github.djlblocks.kernel;

import java.util.Arrays;

/** Numbers that are known. */
final class CountedPast implements Past {

    private final long[] lengths;

    CountedPast(long... lengths) {
        if (lengths.length == 0 || Arrays.stream(lengths).anyMatch(length -> length < 0)) {
            throw new IllegalArgumentException(
                    "past "
                            + Arrays.toString(lengths)
                            + " must be one number from 0 up, or one for each row");
        }
        this.lengths = lengths;
    }

    @Override
    public long[] lengths() {
        return lengths.clone();
    }

    @Override
    public String toString() {
        return Arrays.toString(lengths);
    }
}

package io.github.djlblocks.torchscript;

/** How many rows a linear map sees at once; which kernel is fastest differs by that. */
enum RowClass {
    /** One: a step of generation. */
    ONE(1),
    /** Up to 32: a step of several sequences. */
    FEW(8),
    /** More: prompts and encoders. */
    MANY(512);

    /** The most rows that are {@link #FEW}. */
    static final int MOST_OF_FEW = 32;

    private final int trialRows;

    RowClass(int trialRows) {
        this.trialRows = trialRows;
    }

    /** The number of rows that kernels are timed with. */
    int trialRows() {
        return trialRows;
    }

    static RowClass of(long rows) {
        return rows == 1 ? ONE : rows <= MOST_OF_FEW ? FEW : MANY;
    }
}

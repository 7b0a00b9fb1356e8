package io.github.djlblocks.adapter;

/**
 * Rank and strength of an adapter of one map.
 *
 * @param rank r, the rows of A
 * @param alpha what is divided by the rank, or by its root
 * @param rsLora whether by its root
 */
record LoraSizes(int rank, double alpha, boolean rsLora) {

    /** What B A is multiplied by. */
    double factor() {
        return alpha / (rsLora ? Math.sqrt(rank) : rank);
    }
}

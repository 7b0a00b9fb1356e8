package io.github.djlblocks.parity.oracle;

/** Absolute positions as sines and cosines (arXiv 1706.03762, section 3.5). */
public final class OracleSinusoids {

    private OracleSinusoids() {}

    /** Which of the known layouts a table has. */
    public enum Layout {
        /** Sine and cosine side by side, exponents 2 i / E: the paper. */
        PAPER,
        /** All sines, then all cosines, exponents 2 i / E: Marian. */
        MARIAN,
        /** All sines, then all cosines, exponents i / (E / 2 - 1): tensor2tensor, fairseq. */
        FAIRSEQ,
        /** Sine and cosine side by side, exponents i / (E / 2 - 1). */
        PAPER_INCLUSIVE
    }

    /**
     * Computes the table of positions.
     *
     * @param positions of the tokens, one row for each of the batch
     * @param channels E, even
     * @param base of the frequencies, 10000 in the paper
     * @param layout the layout
     * @return the channels of each token, (rows, tokens, E)
     */
    public static Var table(double[][] positions, int channels, double base, Layout layout) {
        Shapes.require(channels % 2 == 0, "channels (%d) must be even", channels);
        int tokens = positions[0].length;
        double[] table = new double[positions.length * tokens * channels];
        for (int n = 0; n < positions.length * tokens; n++) {
            for (int c = 0; c < channels; c++) {
                double position = positions[n / tokens][n % tokens];
                table[n * channels + c] = channel(position, c, channels, base, layout);
            }
        }
        return Var.of(table, positions.length, tokens, channels);
    }

    private static double channel(
            double position, int channel, int channels, double base, Layout layout) {
        boolean together = layout == Layout.PAPER || layout == Layout.PAPER_INCLUSIVE;
        int pair = together ? channel / 2 : channel % (channels / 2);
        boolean cosine = together ? channel % 2 == 1 : channel >= channels / 2;
        double exponent =
                switch (layout) {
                    case PAPER, MARIAN -> 2.0 * pair / channels;
                    case FAIRSEQ, PAPER_INCLUSIVE ->
                            channels == 2 ? 0 : pair / (channels / 2.0 - 1);
                };
        double angle = position / Math.pow(base, exponent);
        return cosine ? Math.cos(angle) : Math.sin(angle);
    }
}

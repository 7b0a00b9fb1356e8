package io.github.djlblocks.parity.oracle;

/** Inverse frequencies of rotary position embeddings, in radians per position. */
public final class OracleRotaryFrequencies {

    private OracleRotaryFrequencies() {}

    /**
     * The scaling of Llama 3.1, for contexts longer than those of training: short wavelengths stay,
     * long ones are stretched by {@code factor}, those between are blended.
     *
     * @param factor how much longer the context becomes
     * @param lowFrequencyFactor wavelengths above {@code originalMaxPositions / lowFrequencyFactor}
     *     are stretched
     * @param highFrequencyFactor wavelengths below {@code originalMaxPositions /
     *     highFrequencyFactor} stay
     * @param originalMaxPositions the context length of training, in positions
     */
    public record Llama3Scaling(
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            double originalMaxPositions) {

        /**
         * Checks the factors.
         *
         * @param factor above 0
         * @param lowFrequencyFactor above 0
         * @param highFrequencyFactor above lowFrequencyFactor
         * @param originalMaxPositions above 0
         * @throws IllegalArgumentException if a number is not positive, or the low frequency factor
         *     is not below the high one
         */
        public Llama3Scaling {
            Shapes.require(factor > 0, "factor (%s) must be above 0", factor);
            Shapes.require(
                    originalMaxPositions > 0,
                    "originalMaxPositions (%s) must be above 0",
                    originalMaxPositions);
            Shapes.require(
                    lowFrequencyFactor > 0 && lowFrequencyFactor < highFrequencyFactor,
                    "lowFrequencyFactor (%s) must be above 0 and below highFrequencyFactor (%s)",
                    lowFrequencyFactor,
                    highFrequencyFactor);
        }
    }

    /**
     * The frequencies of arXiv 2104.09864: {@code theta^(-2 i / rotaryDim)} for {@code i} from 0 to
     * {@code rotaryDim / 2 - 1}.
     *
     * @param theta the base, 10000 in the paper
     * @param rotaryDim the number of channels that rotate; even
     * @return {@code rotaryDim / 2} inverse frequencies, falling from 1
     * @throws IllegalArgumentException if theta is not positive, or rotaryDim not positive and even
     */
    public static double[] standard(double theta, int rotaryDim) {
        Shapes.require(theta > 0, "theta (%s) must be above 0", theta);
        Shapes.require(
                rotaryDim >= 2 && rotaryDim % 2 == 0,
                "rotaryDim (%d) must be even and at least 2: rotary embedding pairs its channels",
                rotaryDim);
        double[] frequencies = new double[rotaryDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(theta, -2.0 * i / rotaryDim);
        }
        return frequencies;
    }

    /**
     * Scales frequencies as Llama 3.1 does.
     *
     * <p>With {@code turns = originalMaxPositions * f / (2 pi)}, the number of turns over the
     * context of training, and {@code s = (turns - low) / (high - low)} cut to [0, 1]: {@code f' =
     * s f + (1 - s) f / factor}.
     *
     * @param frequencies inverse frequencies; not changed
     * @param scaling the numbers of the scaling
     * @return the scaled inverse frequencies
     */
    public static double[] llama3(double[] frequencies, Llama3Scaling scaling) {
        double low = scaling.lowFrequencyFactor();
        double high = scaling.highFrequencyFactor();
        double[] scaled = new double[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            double f = frequencies[i];
            double turns = scaling.originalMaxPositions() * f / (2 * Math.PI);
            double s = Math.min(1, Math.max(0, (turns - low) / (high - low)));
            scaled[i] = s * f + (1 - s) * f / scaling.factor();
        }
        return scaled;
    }
}

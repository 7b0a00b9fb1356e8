package io.github.djlblocks.layer;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.XavierInitializer;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.Set;

/**
 * DeepNorm: post-norm with a stronger residual branch, for stacks of hundreds of layers.
 *
 * <p>{@code y = norm(alpha * x + f(x))}; the weights of the feed-forward block, of the value and of
 * the output projection start from a Xavier normal of gain beta, those of query and key of gain 1.
 *
 * <p>Wang et al., arXiv 2203.00555, figure 2; as {@code torchscale} with {@code deepnorm=True}.
 * {@link Constants} has the paper's alpha and beta by architecture and depth.
 */
public final class DeepNorm extends Residual {

    private static final Set<String> GAIN_ONE = Set.of("query", "key");
    private static final String FUSED = "queryKeyValue";

    private DeepNorm(Block norm, Block sublayer, Constants constants, double dropout) {
        super(
                builder()
                        .setSublayer(sublayer)
                        .optSumNorm(norm)
                        .optResidualWeight(constants.alpha())
                        .optDropout(dropout));
        ParameterPaths.of(sublayer)
                .forEach((path, parameter) -> initialize(path, parameter, constants.beta()));
    }

    /**
     * Wraps a sublayer, and sets the initializers of its weights.
     *
     * @param norm layer norm, in the paper
     * @param sublayer attention or feed-forward, not initialised yet
     * @param constants alpha and beta
     * @return the block
     * @throws IllegalArgumentException if the sublayer is initialised already, or projects queries,
     *     keys and values in one
     */
    public static DeepNorm of(Block norm, Block sublayer, Constants constants) {
        return of(norm, sublayer, constants, 0);
    }

    /**
     * Wraps a sublayer, and sets the initializers of its weights.
     *
     * @param norm layer norm, in the paper
     * @param sublayer attention or feed-forward, not initialised yet
     * @param constants alpha and beta
     * @param dropout the share of what the sublayer gives that is dropped in training, from 0 to
     *     below 1
     * @return the block
     * @throws IllegalArgumentException if the sublayer is initialised already or projects queries,
     *     keys and values in one, or the rate is out of range
     */
    public static DeepNorm of(Block norm, Block sublayer, Constants constants, double dropout) {
        return new DeepNorm(norm, sublayer, constants, dropout);
    }

    private static void initialize(String path, Parameter parameter, double beta) {
        if (parameter.isInitialized()) {
            throw new IllegalArgumentException(
                    "parameter "
                            + path
                            + " is initialised already: wrap the sublayer in DeepNorm first, it"
                            + " sets how its weights start");
        }
        if (parameter.getType() != Parameter.Type.WEIGHT) {
            return;
        }
        String[] parts = path.split("\\.", -1);
        String owner = parts.length > 1 ? parts[parts.length - 2] : "";
        if (owner.equals(FUSED)) {
            throw new IllegalArgumentException(
                    "parameter "
                            + path
                            + " is queries, keys and values in one, but DeepNorm starts values"
                            + " smaller than the others: build the attention with three"
                            + " projections");
        }
        boolean gainOne = GAIN_ONE.contains(owner);
        parameter.setInitializer(xavierNormal(gainOne ? 1 : beta));
    }

    /**
     * {@code N(0, gain^2 * 2 / (in + out))}. DJL's Xavier deviation is {@code sqrt(magnitude / ((in
     * + out) / 2))}, so its magnitude is the gain squared.
     */
    private static XavierInitializer xavierNormal(double gain) {
        return new XavierInitializer(
                XavierInitializer.RandomType.GAUSSIAN,
                XavierInitializer.FactorType.AVG,
                (float) (gain * gain));
    }

    /**
     * The two constants.
     *
     * @param alpha weight of the residual branch
     * @param beta gain of the initial weights
     */
    public record Constants(double alpha, double beta) {

        /**
         * Checks that both are positive.
         *
         * @param alpha weight of the residual branch
         * @param beta gain of the initial weights
         */
        public Constants {
            Checks.positive("alpha", alpha);
            Checks.positive("beta", beta);
        }

        /**
         * For a model that is an encoder alone: {@code (2 N)^(1/4)}, {@code (8 N)^(-1/4)}.
         *
         * @param layers N
         * @return its constants
         */
        public static Constants encoderOnly(int layers) {
            return single(layers);
        }

        /**
         * For a model that is a decoder alone: {@code (2 M)^(1/4)}, {@code (8 M)^(-1/4)}.
         *
         * @param layers M
         * @return its constants
         */
        public static Constants decoderOnly(int layers) {
            return single(layers);
        }

        /**
         * For the encoder of an encoder-decoder: {@code 0.81 (N^4 M)^(1/16)}, {@code 0.87 (N^4
         * M)^(-1/16)}.
         *
         * @param encoderLayers N
         * @param decoderLayers M
         * @return the encoder's constants
         */
        public static Constants encoder(int encoderLayers, int decoderLayers) {
            Checks.positive("encoderLayers", encoderLayers);
            Checks.positive("decoderLayers", decoderLayers);
            double root = Math.pow(Math.pow(encoderLayers, 4) * decoderLayers, 1.0 / 16);
            return new Constants(0.81 * root, 0.87 / root);
        }

        /**
         * For the decoder of an encoder-decoder: {@code (3 M)^(1/4)}, {@code (12 M)^(-1/4)}.
         *
         * @param decoderLayers M
         * @return the decoder's constants
         */
        public static Constants decoder(int decoderLayers) {
            Checks.positive("decoderLayers", decoderLayers);
            return new Constants(
                    Math.pow(3.0 * decoderLayers, 0.25), Math.pow(12.0 * decoderLayers, -0.25));
        }

        private static Constants single(int layers) {
            Checks.positive("layers", layers);
            return new Constants(Math.pow(2.0 * layers, 0.25), Math.pow(8.0 * layers, -0.25));
        }
    }
}

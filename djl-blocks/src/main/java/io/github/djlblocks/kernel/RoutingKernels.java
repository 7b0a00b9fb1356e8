package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Choosing experts, and running those chosen. Shapes and errors as in {@link Kernels}; {@code N}
 * tokens, {@code M} experts, {@code k} of them for each token.
 */
public interface RoutingKernels {

    /**
     * Chooses experts. The choice reads the scores back to the host; the weights stay
     * differentiable. Of equal scores the expert of the lower number comes first.
     *
     * @param logits the router's, (..., M)
     * @param correction added to the scores for choosing alone, (M), or none
     * @param spec how to choose and weight
     * @return experts and weights of every token
     */
    Routing route(NDArray logits, @Nullable NDArray correction, RoutingSpec spec);

    /**
     * Runs the chosen experts: {@code y_n = sum_j w_nj f_j(x_n)} over the experts j of token n.
     * Each expert that was chosen is run once, on its tokens alone; the others are not run. Of no
     * tokens, x itself is returned.
     *
     * @param x (..., E), N rows
     * @param routing the experts of the N tokens
     * @param experts runs one of them
     * @return (..., E)
     */
    NDArray mixture(NDArray x, Routing routing, ExpertRunner experts);

    /**
     * Adds an expert that serves every token: {@code routed + shared}, or {@code routed + s(gate)
     * shared} with the sigmoid s.
     *
     * @param routed (..., E)
     * @param shared (..., E)
     * @param gate (..., 1), or none
     * @return (..., E)
     */
    NDArray addShared(NDArray routed, NDArray shared, @Nullable NDArray gate);

    /**
     * The loss that balances the load: {@code M sum_e f_e P_e} over all layers together; f_e the
     * choices of expert e a token, P_e its mean probability, differentiable (Switch Transformer,
     * arXiv 2101.03961, equations 4 to 6; {@code load_balancing_loss_func} of transformers). Evenly
     * loaded it is k. Probabilities are the softmax of the logits, or where scores are sigmoids
     * these over their sum (arXiv 2412.19437, equation 19).
     *
     * @param layers what was routed in each layer, the same tokens and experts
     * @param mask integers or BOOLEAN, not 0 where a token counts, N elements; or none: all count
     * @return one number
     */
    NDArray loadBalancingLoss(List<Routing> layers, @Nullable NDArray mask);

    /**
     * The loss that keeps logits small: the mean over layers and tokens of {@code (ln sum_e
     * e^logit)^2} (ST-MoE, arXiv 2202.08906, equation 5).
     *
     * @param layers what was routed in each layer, the same tokens and experts
     * @param mask integers or BOOLEAN, not 0 where a token counts, N elements; or none: all count
     * @return one number
     */
    NDArray routerZLoss(List<Routing> layers, @Nullable NDArray mask);

    /** Runs one expert. */
    @FunctionalInterface
    interface ExpertRunner {

        /**
         * Runs an expert.
         *
         * @param expert its number
         * @param rows its tokens, (n, E)
         * @return (n, E)
         */
        NDArray run(int expert, NDArray rows);
    }
}

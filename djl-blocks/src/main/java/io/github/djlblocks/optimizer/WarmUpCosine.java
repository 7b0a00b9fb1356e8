package io.github.djlblocks.optimizer;

import ai.djl.training.tracker.Tracker;

/**
 * A learning rate that rises in a line and falls along half a cosine.
 *
 * <p>For update n, counted from 1 as DJL does: {@code peak * n / warmUp} up to n = warmUp, then
 * {@code last + (peak - last) (1 + cos(pi (n - warmUp) / (updates - warmUp))) / 2}, and {@code
 * last} from n = updates on. Loshchilov and Hutter, arXiv 1608.03983, without restarts; {@code
 * get_cosine_schedule_with_warmup} of Hugging Face transformers has the same values one update
 * later, so that its first update has rate 0.
 *
 * @param peak the rate at the end of the warm-up
 * @param warmUp how many updates it takes, 0 for none
 * @param updates how many updates there are in all
 * @param last the rate at the end
 */
public record WarmUpCosine(double peak, int warmUp, int updates, double last) implements Tracker {

    /**
     * Checks the values.
     *
     * @param peak the rate at the end of the warm-up
     * @param warmUp how many updates it takes, 0 for none
     * @param updates how many updates there are in all
     * @param last the rate at the end
     * @throws IllegalArgumentException if a rate is negative or not finite, or the warm-up does not
     *     fit into the updates
     */
    public WarmUpCosine {
        if (!(peak >= 0 && last >= 0) || Double.isInfinite(peak) || Double.isInfinite(last)) {
            throw new IllegalArgumentException(
                    "rates of " + peak + " and " + last + " must be finite and not negative");
        }
        if (warmUp < 0 || updates < 1 || warmUp > updates) {
            throw new IllegalArgumentException(
                    "a warm-up of "
                            + warmUp
                            + " updates must be from 0 to all of them, "
                            + updates);
        }
    }

    /**
     * Creates a schedule that ends at 0.
     *
     * @param peak the rate at the end of the warm-up
     * @param warmUp how many updates it takes, 0 for none
     * @param updates how many updates there are in all
     * @return the schedule
     * @throws IllegalArgumentException as the constructor
     */
    public static WarmUpCosine toZero(double peak, int warmUp, int updates) {
        return new WarmUpCosine(peak, warmUp, updates, 0);
    }

    @Override
    public float getNewValue(int numUpdate) {
        if (numUpdate <= warmUp) {
            return warmUp == 0 ? (float) peak : (float) (peak * numUpdate / warmUp);
        }
        double progress = Math.min(1, (double) (numUpdate - warmUp) / (updates - warmUp));
        return (float) (last + (peak - last) * (1 + Math.cos(Math.PI * progress)) / 2);
    }
}

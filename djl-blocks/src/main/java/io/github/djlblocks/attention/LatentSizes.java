package io.github.djlblocks.attention;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.Checks;

/**
 * The sizes of latent attention, which follow from its projections.
 *
 * @param heads H
 * @param latent R
 * @param rotaryDim Dr
 * @param keyDim Dn
 * @param valueDim Dv
 */
record LatentSizes(int heads, int latent, int rotaryDim, int keyDim, int valueDim) {

    static LatentSizes of(
            int heads, int rotaryDim, Linear query, Linear down, Linear up, Linear output) {
        Checks.positive("heads", heads);
        int latent = up.getInputs();
        if (down.getOutputs() != latent + rotaryDim) {
            throw new IllegalArgumentException(
                    "latentDown gives "
                            + down.getOutputs()
                            + " channels, expected the "
                            + latent
                            + " that latentUp takes and the "
                            + rotaryDim
                            + " of the rotary embedding");
        }
        int queryDim = perHead("query", query, heads);
        int keyDim = queryDim - rotaryDim;
        int valueDim = perHead("latentUp", up, heads) - keyDim;
        if (keyDim < 1 || valueDim < 1) {
            throw new IllegalArgumentException(
                    "query has "
                            + queryDim
                            + " channels a head and latentUp "
                            + (keyDim + valueDim)
                            + ", which leave "
                            + keyDim
                            + " for keys besides the "
                            + rotaryDim
                            + " rotated and "
                            + valueDim
                            + " for values: both must be at least 1");
        }
        if (output.getInputs() != heads * valueDim) {
            throw new IllegalArgumentException(
                    "output takes "
                            + output.getInputs()
                            + " channels but "
                            + heads
                            + " heads of "
                            + valueDim
                            + " channels give "
                            + heads * valueDim);
        }
        return new LatentSizes(heads, latent, rotaryDim, keyDim, valueDim);
    }

    private static int perHead(String name, Linear projection, int heads) {
        if (projection.getOutputs() % heads != 0) {
            throw new IllegalArgumentException(
                    name
                            + " gives "
                            + projection.getOutputs()
                            + " channels, which heads ("
                            + heads
                            + ") does not divide");
        }
        return projection.getOutputs() / heads;
    }
}

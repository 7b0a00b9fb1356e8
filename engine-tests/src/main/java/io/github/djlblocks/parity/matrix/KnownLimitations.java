package io.github.djlblocks.parity.matrix;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What the engines are known not to do with the blocks of djl-blocks. */
public final class KnownLimitations {

    private static final Set<Quantity> FORWARD =
            EnumSet.of(
                    Quantity.FORWARD_FLOAT32, Quantity.FORWARD_FLOAT64, Quantity.FORWARD_FLOAT16);

    private KnownLimitations() {}

    /**
     * Returns them all.
     *
     * @return every limitation the support matrix of djl-blocks may name
     */
    public static List<Limitation> all() {
        return List.of(
                Limitation.of(
                        "MXNet",
                        Set.of(Quantity.FORWARD_FLOAT16),
                        "has no matrix product for FLOAT16",
                        "no FLOAT16 matrix product on a CPU"),
                Limitation.of(
                        "Rust",
                        Set.of(Quantity.GRADIENT_FLOAT32, Quantity.GRADIENT_FLOAT64),
                        "cannot initialise parameters|Not implemented",
                        "no gradients"),
                Limitation.of(
                        "Rust",
                        FORWARD,
                        "MatMulUnexpectedStriding",
                        "no matrix product of transposed heads"),
                Limitation.of(
                        "Rust",
                        FORWARD,
                        "dtype mismatch in cmp",
                        "no comparison of an array with a number of another type"),
                // Measured: erf(-1.5) is off by 1.5e-12.
                Limitation.of(
                                "Rust",
                                Set.of(Quantity.FORWARD_FLOAT64),
                                "inexact",
                                "its error function is good to 1e-11")
                        .withCases("GELU(?!_TANH)"));
    }
}

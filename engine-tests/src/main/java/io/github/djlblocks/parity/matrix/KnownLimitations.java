package io.github.djlblocks.parity.matrix;

import java.util.List;
import java.util.Set;

/** What the engines are known not to do with the blocks of djl-blocks. */
public final class KnownLimitations {

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
                        "the engine has no gradients"),
                // Measured: up to 4.2e-11, which a matrix product after it makes 6.5e-11.
                Limitation.of(
                                "Rust",
                                Set.of(Quantity.FORWARD_FLOAT64),
                                "^inexact: output Margin\\[error=\\d\\.\\d+E-1\\d,",
                                "the engine's FLOAT64 error function, of GELU, is right to 4e-11"
                                        + " only")
                        .withCases("GELU(?!_TANH)|GeGLU|ERF|LAPLACE|Head: transform, tied"));
    }
}

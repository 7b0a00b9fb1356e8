/**
 * The float64 oracle: every block's formula in plain Java {@code double[]} loops, with gradients
 * written out by hand. It imports nothing but the JDK and JSpecify, so that agreement with it is
 * agreement with the formula and not with shared code.
 */
@NullMarked
package io.github.djlblocks.parity.oracle;

import org.jspecify.annotations.NullMarked;

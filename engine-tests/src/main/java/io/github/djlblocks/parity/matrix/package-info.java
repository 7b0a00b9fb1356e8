/** What runs where, how exactly, and why the rest does not: measured, not claimed. */
@NullMarked
package io.github.djlblocks.parity.matrix;

import org.jspecify.annotations.NullMarked;

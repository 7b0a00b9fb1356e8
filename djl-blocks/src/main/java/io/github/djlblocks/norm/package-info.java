/** Normalisation blocks. */
@NullMarked
package io.github.djlblocks.norm;

import org.jspecify.annotations.NullMarked;

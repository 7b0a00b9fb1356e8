/** Residual connections and the layers made with them. */
@NullMarked
package io.github.djlblocks.layer;

import org.jspecify.annotations.NullMarked;

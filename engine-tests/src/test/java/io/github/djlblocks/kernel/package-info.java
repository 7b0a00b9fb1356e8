/** Primitives that no block shows by itself. */
@NullMarked
package io.github.djlblocks.kernel;

import org.jspecify.annotations.NullMarked;

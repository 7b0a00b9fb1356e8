/** Attention's caches, masks and errors on every engine. */
@NullMarked
package io.github.djlblocks.attention;

import org.jspecify.annotations.NullMarked;

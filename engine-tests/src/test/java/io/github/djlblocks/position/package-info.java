/** Positions on every engine. */
@NullMarked
package io.github.djlblocks.position;

import org.jspecify.annotations.NullMarked;

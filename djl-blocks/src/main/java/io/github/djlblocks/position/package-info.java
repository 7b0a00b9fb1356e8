/** Positional information: rotary embedding. */
@NullMarked
package io.github.djlblocks.position;

import org.jspecify.annotations.NullMarked;

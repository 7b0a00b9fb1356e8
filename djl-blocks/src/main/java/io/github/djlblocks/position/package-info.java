/** Positional information: absolute positions, rotary embedding, biases of attention scores. */
@NullMarked
package io.github.djlblocks.position;

import org.jspecify.annotations.NullMarked;

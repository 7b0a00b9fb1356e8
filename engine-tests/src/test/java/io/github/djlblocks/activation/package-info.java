/** Tests of the activations. */
@NullMarked
package io.github.djlblocks.activation;

import org.jspecify.annotations.NullMarked;

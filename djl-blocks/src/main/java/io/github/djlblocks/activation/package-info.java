/** Activation functions as blocks, by class and by their names in Hugging Face configurations. */
@NullMarked
package io.github.djlblocks.activation;

import org.jspecify.annotations.NullMarked;

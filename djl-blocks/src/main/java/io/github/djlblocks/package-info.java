/** Transformer building blocks for the Deep Java Library. */
@NullMarked
package io.github.djlblocks;

import org.jspecify.annotations.NullMarked;

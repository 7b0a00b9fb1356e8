/** Losses and training data on every engine. */
@NullMarked
package io.github.djlblocks.training;

import org.jspecify.annotations.NullMarked;

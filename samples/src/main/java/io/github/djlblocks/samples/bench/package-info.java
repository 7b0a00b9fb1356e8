/** The speed of models of this library against other ways to run them, taken side by side. */
@NullMarked
package io.github.djlblocks.samples.bench;

import org.jspecify.annotations.NullMarked;

/** The numeric primitives every block is written on: arrays in, arrays out, no parameters. */
@NullMarked
package io.github.djlblocks.kernel;

import org.jspecify.annotations.NullMarked;

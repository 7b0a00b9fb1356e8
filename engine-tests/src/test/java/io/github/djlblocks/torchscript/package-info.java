/** Compiled passes against those that run block by block, under everything callers do to them. */
@NullMarked
package io.github.djlblocks.torchscript;

import org.jspecify.annotations.NullMarked;

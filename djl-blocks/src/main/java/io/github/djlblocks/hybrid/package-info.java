/**
 * Models of several origins: TorchScript files as blocks beside those defined in Java, weights that
 * go from one to the other, and parts on different engines in one process.
 */
@NullMarked
package io.github.djlblocks.hybrid;

import org.jspecify.annotations.NullMarked;

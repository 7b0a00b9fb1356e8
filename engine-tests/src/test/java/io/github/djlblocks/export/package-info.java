/** TorchScript files of blocks, loaded by DJL and compared with the formulas. */
@NullMarked
package io.github.djlblocks.export;

import org.jspecify.annotations.NullMarked;

/** Model families against formulas that are spelled with the names of their checkpoints. */
@NullMarked
package io.github.djlblocks.family;

import org.jspecify.annotations.NullMarked;

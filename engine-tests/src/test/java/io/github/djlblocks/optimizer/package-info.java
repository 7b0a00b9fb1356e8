/** Optimizers on every engine, against formulas in plain Java. */
@NullMarked
package io.github.djlblocks.optimizer;

import org.jspecify.annotations.NullMarked;

/** How parameters follow their gradients: optimizers, schedules, accumulation and clipping. */
@NullMarked
package io.github.djlblocks.optimizer;

import org.jspecify.annotations.NullMarked;

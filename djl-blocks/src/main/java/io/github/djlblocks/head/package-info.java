/** What stands on top of a model: pooling, and the heads of its tasks. */
@NullMarked
package io.github.djlblocks.head;

import org.jspecify.annotations.NullMarked;

/** Pooling and heads, where no formula shows it. */
@NullMarked
package io.github.djlblocks.head;

import org.jspecify.annotations.NullMarked;

/** Runnable programs: each is a {@code main} and a {@code run} that a test drives. */
@NullMarked
package io.github.djlblocks.samples;

import org.jspecify.annotations.NullMarked;

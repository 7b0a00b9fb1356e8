/** Tests of the feed-forward blocks. */
@NullMarked
package io.github.djlblocks.feedforward;

import org.jspecify.annotations.NullMarked;

/** How a weight matrix is stored in fewer bytes, and what every engine reads back from them. */
@NullMarked
package io.github.djlblocks.format;

import org.jspecify.annotations.NullMarked;

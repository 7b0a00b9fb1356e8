/** Multi-head attention and the key/value cache it is handed. */
@NullMarked
package io.github.djlblocks.attention;

import org.jspecify.annotations.NullMarked;

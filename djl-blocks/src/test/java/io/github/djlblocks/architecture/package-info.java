/** Rules on how the library is put together. */
@NullMarked
package io.github.djlblocks.architecture;

import org.jspecify.annotations.NullMarked;

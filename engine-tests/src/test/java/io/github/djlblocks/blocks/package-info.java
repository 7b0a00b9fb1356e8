/** What every block of the library promises, held to it on every engine. */
@NullMarked
package io.github.djlblocks.blocks;

import org.jspecify.annotations.NullMarked;

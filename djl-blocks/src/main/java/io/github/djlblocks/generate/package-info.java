/** Text generation: tokens of a language model, chosen greedily, drawn, or searched by beams. */
@NullMarked
package io.github.djlblocks.generate;

import org.jspecify.annotations.NullMarked;

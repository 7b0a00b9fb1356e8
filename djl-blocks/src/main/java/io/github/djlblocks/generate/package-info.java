/** Text generation: one token after another from a causal language model. */
@NullMarked
package io.github.djlblocks.generate;

import org.jspecify.annotations.NullMarked;

/**
 * Computations written down: a {@link io.github.djlblocks.graph.Graph} of the primitives of {@link
 * io.github.djlblocks.kernel.Kernels}, and the {@link io.github.djlblocks.graph.Tracer} that
 * records one by running a block on symbolic arrays. It knows no engine and no text.
 */
@NullMarked
package io.github.djlblocks.graph;

import org.jspecify.annotations.NullMarked;

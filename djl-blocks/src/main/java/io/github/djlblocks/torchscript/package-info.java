/**
 * Graphs as TorchScript: run in this process as one native call of the PyTorch engine, or written
 * to a file that other programs load. The only package that knows an engine; {@code pytorch-engine}
 * is an optional dependency.
 */
@NullMarked
package io.github.djlblocks.torchscript;

import org.jspecify.annotations.NullMarked;

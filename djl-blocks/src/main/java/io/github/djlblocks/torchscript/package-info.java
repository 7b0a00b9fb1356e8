/**
 * PyTorch's TorchScript: models as archives that PyTorch loads, in this process or elsewhere. The
 * only package that may know an engine; an application without PyTorch does without it.
 */
@NullMarked
package io.github.djlblocks.torchscript;

import org.jspecify.annotations.NullMarked;

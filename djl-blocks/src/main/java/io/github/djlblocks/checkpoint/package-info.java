/**
 * Safetensors checkpoints: memory-mapped reading, atomic writing, and strict loading into a block.
 */
@NullMarked
package io.github.djlblocks.checkpoint;

import org.jspecify.annotations.NullMarked;

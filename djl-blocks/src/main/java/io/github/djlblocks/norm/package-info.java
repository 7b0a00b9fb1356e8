/**
 * Normalisation blocks: {@link io.github.djlblocks.norm.LayerNorm}, {@link
 * io.github.djlblocks.norm.RmsNorm}, {@link io.github.djlblocks.norm.ScaleNorm}, {@link
 * io.github.djlblocks.norm.GroupNorm}, {@link io.github.djlblocks.norm.InstanceNorm}, and {@link
 * io.github.djlblocks.norm.DynamicTanh} in place of one.
 *
 * <p>Batch normalisation is not here: DJL's own {@link ai.djl.nn.norm.BatchNorm} has it, running
 * statistics included.
 */
@NullMarked
package io.github.djlblocks.norm;

import org.jspecify.annotations.NullMarked;

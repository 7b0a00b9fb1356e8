/**
 * The engine-parity kit: is a block the same on every DJL engine, and is any of them right?
 *
 * <p>{@link io.github.djlblocks.parity.EachEngine} runs a JUnit test once per engine, {@link
 * io.github.djlblocks.parity.RandomTensors} gives every engine the same numbers, {@link
 * io.github.djlblocks.parity.ParityAssertions} compares whole tensors within a derived {@link
 * io.github.djlblocks.parity.Tolerance}, {@link io.github.djlblocks.parity.LeakGuard} counts what
 * stays in native memory, and {@link io.github.djlblocks.parity.ParityReport} tabulates how much of
 * each tolerance was used. Two engines that agree prove nothing: compare with a formula too.
 */
@NullMarked
package io.github.djlblocks.parity;

import org.jspecify.annotations.NullMarked;

/**
 * Cases that hold a block against its formula: {@link io.github.djlblocks.parity.cases.ParityCase}
 * says what to run and what is true, {@link io.github.djlblocks.parity.cases.ParityRunner} compares
 * one engine with the truth, {@link io.github.djlblocks.parity.cases.ParityTable} tabulates many,
 * {@link io.github.djlblocks.parity.cases.BlockCases} are those of every block of djl-blocks.
 */
@NullMarked
package io.github.djlblocks.parity.cases;

import org.jspecify.annotations.NullMarked;

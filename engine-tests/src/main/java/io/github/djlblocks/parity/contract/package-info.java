/** What every block promises besides its numbers, as tests that run on any DJL block. */
@NullMarked
package io.github.djlblocks.parity.contract;

import org.jspecify.annotations.NullMarked;

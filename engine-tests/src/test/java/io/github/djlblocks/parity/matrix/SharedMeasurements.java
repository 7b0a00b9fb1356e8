package io.github.djlblocks.parity.matrix;

import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.cases.BlockCases;

/** The cases of this library on every engine, measured once for all tests of this JVM. */
public final class SharedMeasurements {

    public static final Measurements OF_DJL_BLOCKS =
            new Measurements(BlockCases.all(), EnginesUnderTest.discoverAll());

    private SharedMeasurements() {}
}

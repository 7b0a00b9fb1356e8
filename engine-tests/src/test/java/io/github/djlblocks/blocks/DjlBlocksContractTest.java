package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.contract.BlockClasses;
import io.github.djlblocks.parity.contract.BlockContract;
import io.github.djlblocks.parity.matrix.Quantity;
import io.github.djlblocks.parity.matrix.SharedMeasurements;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The blocks of this library keep the contract, on engines that only infer as far as they go. */
class DjlBlocksContractTest implements BlockContract {

    @Override
    public List<ParityCase> cases() {
        return SharedMeasurements.OF_DJL_BLOCKS.cases();
    }

    @Override
    public List<EngineUnderTest> engines() {
        return SharedMeasurements.OF_DJL_BLOCKS.engines();
    }

    /** What does not run has its reason in the support matrix, or fails there. */
    @Override
    public boolean supports(ParityCase parityCase, EngineUnderTest engine) {
        return SharedMeasurements.OF_DJL_BLOCKS
                .outcome(parityCase, engine, Quantity.FORWARD_FLOAT32)
                .works();
    }

    @Test
    void cases_everyPublicBlock_isTheBlockOfOne() {
        assertThat(BlockClasses.withoutCase(KernelBlock.class, cases()))
                .filteredOn(KernelBlock.class::isAssignableFrom)
                .isEmpty();
    }
}

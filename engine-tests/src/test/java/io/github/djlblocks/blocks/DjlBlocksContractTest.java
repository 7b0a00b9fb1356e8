package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.contract.BlockClasses;
import io.github.djlblocks.parity.contract.BlockContract;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The blocks of this library keep the contract. */
class DjlBlocksContractTest implements BlockContract {

    @Override
    public List<ParityCase> cases() {
        return BlockCases.all();
    }

    @Test
    void cases_everyPublicBlock_isTheBlockOfOne() {
        assertThat(BlockClasses.withoutCase(KernelBlock.class, cases())).isEmpty();
    }
}

package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockClassesTest {

    @Test
    void of_classOfAFolder_findsPublicConcreteBlocks() {
        assertThat(BlockClasses.of(KernelBlock.class))
                .contains(Linear.class)
                .doesNotContain(KernelBlock.class)
                .isSortedAccordingTo((a, b) -> a.getName().compareTo(b.getName()));
    }

    @Test
    void of_classOfAJar_findsThoseOfTheJar() {
        assertThat(BlockClasses.of(Block.class))
                .contains(LambdaBlock.class, ai.djl.nn.core.Linear.class)
                .doesNotContain(AbstractBlock.class, Linear.class);
    }

    @Test
    void withoutCase_oneBlockUntested_namesIt() {
        List<ParityCase> others =
                BlockCases.all().stream()
                        .filter(parityCase -> !(parityCase.newBlock() instanceof Linear))
                        .toList();

        // Blocks of the hybrid package are of one engine: they have tests of their own.
        assertThat(BlockClasses.withoutCase(KernelBlock.class, others))
                .filteredOn(KernelBlock.class::isAssignableFrom)
                .containsExactly(Linear.class);
    }
}

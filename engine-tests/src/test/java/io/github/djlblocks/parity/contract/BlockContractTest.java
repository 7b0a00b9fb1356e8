package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.oracle.OracleMath;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;

class BlockContractTest {

    private static final EngineUnderTest PYTORCH = EngineUnderTest.onCpu("PyTorch");
    private static final EngineUnderTest RUST = EngineUnderTest.onCpu("Rust");

    /** Two cases of one block and one of another; the second does not run on Rust. */
    private static final class Two implements BlockContract {

        @Override
        public List<ParityCase> cases() {
            return List.of(linear("A", "first"), linear("A", "second"), linear("B", "only"));
        }

        @Override
        public List<EngineUnderTest> engines() {
            return List.of(PYTORCH, RUST);
        }

        @Override
        public boolean supports(ParityCase parityCase, EngineUnderTest engine) {
            return engine.equals(PYTORCH) || !parityCase.name().equals("A: first");
        }
    }

    @Test
    void contract_twoBlocksAndEngines_cheapChecksForEveryCaseAndOthersForOneABlock() {
        Map<String, List<String>> tests = new HashMap<>();
        new Two()
                .contract()
                .forEach(
                        node ->
                                tests.put(
                                        node.getDisplayName(),
                                        ((DynamicContainer) node)
                                                .getChildren()
                                                .map(DynamicNode::getDisplayName)
                                                .collect(Collectors.toList())));

        assertThat(tests).hasSameSizeAs(ContractCheck.values());
        assertThat(tests.get("OUTPUT_SHAPES"))
                .containsExactly(
                        "OUTPUT_SHAPES, A: first on PyTorch/cpu",
                        "OUTPUT_SHAPES, A: second on PyTorch/cpu",
                        "OUTPUT_SHAPES, B: only on PyTorch/cpu",
                        "OUTPUT_SHAPES, A: second on Rust/cpu",
                        "OUTPUT_SHAPES, B: only on Rust/cpu");
        assertThat(tests.get("PERSISTENCE"))
                .containsExactly(
                        "PERSISTENCE, A: first on PyTorch/cpu",
                        "PERSISTENCE, B: only on PyTorch/cpu",
                        "PERSISTENCE, A: second on Rust/cpu",
                        "PERSISTENCE, B: only on Rust/cpu");
        assertThat(tests.get("TRAINER"))
                .containsExactly(
                        "TRAINER, A: first on PyTorch/cpu", "TRAINER, B: only on PyTorch/cpu");
        assertThat(tests.get("RANDOMNESS")).isEmpty();
    }

    private static ParityCase linear(String block, String variant) {
        return ParityCase.builder(block, variant)
                .setBlock(() -> Linear.withoutBias(3, 2))
                .addInput("x", RandomTensors.normal(5, 4, 3), 4, 3)
                .setFormula(
                        (arrays, parameters) ->
                                OracleMath.scale(Objects.requireNonNull(arrays.get("x")), 1))
                .setTolerance(3, 2, "never run here")
                .build();
    }
}

package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import io.github.djlblocks.adapter.AdaptedBlock;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.adapter.LoraConfig;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether every block tells every linear map below it which adapter was chosen. */
class AdapterReachTest {

    private static final LoraConfig ALL =
            LoraConfig.builder().optRank(2).setTargetPattern(".*").build();

    /** One output that not all maps take part in, or one key, whose weight is 1 for any query. */
    private static final Set<String> PARTLY_CONSTANT =
            Set.of(
                    "HeadedEncoder: with pooler, hidden state",
                    "PretrainingHead: tokens",
                    "PretrainingHead: sequences",
                    "MultiHeadAttention: (1, 1, 1), 1 head of 1",
                    "MultiHeadAttention: 1 token, causal",
                    "MultiHeadAttention: window of the query alone");

    static List<ParityCase> cases() {
        return BlockCases.all().stream()
                .filter(AdapterReachTest::hasMaps)
                .map(parityCase -> parityCase.withBlock(() -> adapted(parityCase.newBlock())))
                .toList();
    }

    private static boolean hasMaps(ParityCase parityCase) {
        Block block = parityCase.newBlock();
        return !(block instanceof AdaptedBlock)
                && !parityCase.isRandomInTraining()
                && !PARTLY_CONSTANT.contains(parityCase.name())
                && ParameterPaths.blocks(block).values().stream()
                        .anyMatch(child -> child instanceof Linear);
    }

    private static Block adapted(Block block) {
        AdaptedBlock adapted = AdaptedBlock.of(block, "story");
        Adapters.declare(adapted, "story", ALL);
        return adapted;
    }

    @Test
    void cases_blocksWithMaps_areMany() {
        assertThat(cases().size()).isGreaterThan(60);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void backward_anyBlock_reachesEveryAdapter(ParityCase parityCase) {
        EngineUnderTest engine = EnginesUnderTest.named("PyTorch").get(0);
        try (CaseRun run = CaseRun.forTraining(parityCase, engine, DataType.FLOAT64)) {
            Map<String, NDArray> ups = new LinkedHashMap<>();
            ParameterPaths.of(run.block())
                    .forEach(
                            (path, parameter) -> {
                                if (path.endsWith(".loraB")) {
                                    ups.put(path, parameter.getArray());
                                }
                            });
            NDArray y = run.forward(false);
            double[] seed = RandomTensors.normal(5, y.getShape().getShape());

            Map<String, double[]> gradients =
                    Gradients.of(engine, ups, seed, () -> run.forward(true));

            assertThat(gradients).isNotEmpty();
            gradients.forEach(
                    (path, values) -> {
                        // An expert that no token chose has none.
                        if (!path.contains("experts.")) {
                            assertThat(Arrays.stream(values).anyMatch(v -> v != 0))
                                    .as(parityCase + ", " + path)
                                    .isTrue();
                        }
                    });
        }
    }
}

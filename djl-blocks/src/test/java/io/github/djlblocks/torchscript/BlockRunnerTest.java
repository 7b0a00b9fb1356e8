package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.WeightFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BlockRunnerTest {

    private static final int E = 4;

    /**
     * One holder is fast at single rows, the other at many: 128 x 1 + 4 x 1 + 5 = 137 against 128 x
     * 9 + 4 x 1 + 1, but 1 + 5 = 6 against 2.
     */
    private static final KernelChoice KERNELS =
            new KernelChoice(
                    (kernel, format, out, in) ->
                            kernel == LinearKernel.FLOAT32_PLAIN
                                    ? rows -> rows == 512 ? 5 : 1
                                    : rows -> rows == 1 ? 9 : 1,
                    List.of());

    @Test
    void run_firstPassKeepsACache_packsForSteps() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                KeyValueCache cache = KeyValueCache.of(manager, List.of(CachePolicy.growing()))) {
            PairList<String, Object> params =
                    AttentionContext.none().withCache(cache.slot(0)).toParams();
            assertThat(holder(manager, params)).isEqualTo(WeightHolder.PLAIN);
        }
    }

    @Test
    void run_firstPassKeepsNone_packsForWholeSequences() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            assertThat(holder(manager, null)).isEqualTo(WeightHolder.MKLDNN);
        }
    }

    /** What the output weight of an attention was packed as by one pass. */
    private static WeightHolder holder(
            NDManager manager, @Nullable PairList<String, Object> params) {
        MultiHeadAttention attention =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E))
                        .setQueryHeads(2)
                        .build();
        attention.freezeParameters(true);
        attention.initialize(manager, DataType.FLOAT32, new Shape(1, 3, E));
        CompileOptions options =
                CompileOptions.defaults().withWeights(WeightFormat.FLOAT32).demanded();
        WeightShare weights = new WeightShare(attention, options, manager.getDevice(), KERNELS);
        BlockRunner runner = new BlockRunner(attention, manager, options, weights);
        try (NDManager own = manager.newSubManager()) {
            assertThat(runner.run(new NDList(own.ones(new Shape(1, 3, E))), params)).isNotNull();
            List<Parameter> all = attention.getParameters().values();
            List<Parameter> output = all.subList(all.size() - 1, all.size());
            return weights.store()
                    .linear(output, WeightFormat.FLOAT32, KernelChoice.Mix.ENCODING)
                    .choice()
                    .holder();
        }
    }
}

package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;

/** Attention to a memory whose keys and values a cache holds, compiled. */
class CompiledCrossAttentionTest {

    private static final int E = Twins.E;

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void crossAttention_memoryInTheCache_isProjectedOnce(NDManager manager, DataType dataType) {
        Twins<MultiHeadAttention> twins = cross(manager, dataType, CompileOptions.defaults());
        NDArray x = twins.random(1, 2, 3, E);
        NDArray memory = twins.random(2, 2, 5, E);
        Tolerance tolerance = Twins.tolerance(dataType, 5);
        NDArray expected = twins.plain(new NDList(x, memory), null);
        try (KeyValueCache cache = KeyValueCache.memory(manager, 1)) {
            PairList<String, Object> params = memory(cache);
            NDList both = new NDList(x, memory);
            assertThat(twins.compiled(both, params)).isCloseTo(expected, tolerance);
            NDList other = new NDList(x, twins.random(3, 2, 5, E));
            assertThat(twins.compiled(other, params)).isCloseTo(expected, tolerance);
            assertThat(twins.compiled(new NDList(x), params)).isCloseTo(expected, tolerance);
            assertThat(twins.plain(new NDList(x), params)).isCloseTo(expected, tolerance);
            assertThat(cache.length()).isEqualTo(5);
            assertThat(twins.statistics().portable()).isZero();

            NDList longer = new NDList(x, twins.random(3, 2, 6, E));
            refusesMemory(twins, longer, params, "[(2, 3, 12), (2, 6, 12)]");
            NDList rows = new NDList(twins.random(1, 4, 3, E));
            refusesMemory(twins, rows, params, "[(4, 3, 12)]");
            assertThat(twins.compiled(both, params)).isCloseTo(expected, tolerance);
        }
    }

    /** Other rows broadcast over one that is held: nothing native would refuse them. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void crossAttention_memoryOfOneRow_isNotThatOfTwo(NDManager manager) {
        Twins<MultiHeadAttention> twins =
                cross(manager, DataType.FLOAT32, CompileOptions.defaults());
        try (KeyValueCache wide = KeyValueCache.memory(manager, 1);
                KeyValueCache cache = KeyValueCache.memory(manager, 1)) {
            NDList two = new NDList(twins.random(1, 2, 3, E), twins.random(2, 2, 5, E));
            twins.compiled(two, memory(wide));
            twins.compiled(new NDList(two.get(0)), memory(wide));
            NDList one = new NDList(twins.random(1, 1, 3, E), twins.random(2, 1, 5, E));
            twins.compiled(one, memory(cache));
            refusesMemory(twins, new NDList(two.get(0)), memory(cache), "[(2, 3, 12)]");
        }
    }

    private static void refusesMemory(
            Twins<MultiHeadAttention> twins,
            NDList inputs,
            PairList<String, Object> params,
            String shapes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> twins.compiled(inputs, params))
                .withMessageStartingWith("the cache holds the keys of a memory of ")
                .withMessageContaining(shapes)
                .withMessageEndingWith(": use one cache per memory");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void crossAttention_memoryInAGrowingCache_runsBlockByBlock(NDManager manager) {
        Twins<MultiHeadAttention> twins =
                cross(manager, DataType.FLOAT32, CompileOptions.defaults());
        NDList inputs = new NDList(twins.random(1, 2, 3, E), twins.random(2, 2, 5, E));
        NDArray expected = twins.plain(inputs, null);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            for (int pass = 0; pass < 3; pass++) {
                assertThat(twins.compiled(inputs, memory(cache))).isExactly(expected);
            }
        }
        assertThat(twins.statistics().portable()).isEqualTo(3);
    }

    private static PairList<String, Object> memory(KeyValueCache cache) {
        return AttentionContext.none().withMemory(null, cache.slot(0)).toParams();
    }

    private static Twins<MultiHeadAttention> cross(
            NDManager manager, DataType dataType, CompileOptions options) {
        return Twins.of(
                () -> CompiledCacheTest.attention().optCross(true).build(),
                manager,
                dataType,
                options,
                new Shape(1, 1, E));
    }
}

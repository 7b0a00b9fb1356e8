package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;

/** A block of DJL inside one of this library. */
class ForeignChildTest {

    @EachEngine
    void forward_foreignChildAndStoreThatCopies_theCopiesStayOpen(
            EngineUnderTest engine, NDManager model) {
        Block foreign = Linear.builder().setUnits(TestBlocks.E).build();
        Block block = Residual.pre(TestBlocks.rmsNorm(), foreign);
        Shape shape = new Shape(2, 3, TestBlocks.E);
        block.initialize(model, DataType.FLOAT32, shape);
        try (NDManager mirror = engine.newManager();
                NDManager caller = engine.newManager()) {
            NDList inputs = new NDList(caller.ones(shape));
            NDArray expected = TestBlocks.infer(block, model, inputs);
            ParameterStore store = new ParameterStore(mirror, true);

            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(LeakGuard.of(mirror).openArrays()).isEqualTo(3);
        }
    }
}

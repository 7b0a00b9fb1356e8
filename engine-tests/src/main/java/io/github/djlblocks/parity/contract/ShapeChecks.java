package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.List;

/** Shapes told beforehand, and what a block says of itself. */
final class ShapeChecks {

    private ShapeChecks() {}

    static void outputShapes(Subject subject) {
        ParityCase parityCase = subject.parityCase();
        try (CaseRun run = subject.inference(DataType.FLOAT32)) {
            Shape actual = run.forward(false).getShape();
            Block fresh = parityCase.newBlock();
            for (Block block : new Block[] {run.block(), fresh}) {
                assertThat(block.getOutputShapes(parityCase.inputShapes())[0])
                        .as("getOutputShapes of %s", List.of(parityCase.inputShapes()))
                        .isEqualTo(actual);
            }
            Shape[] unknown = parityCase.unknownShapes();
            Shape told = fresh.getOutputShapes(unknown)[0];
            assertThat(withoutUnknown(told, actual))
                    .as("getOutputShapes of %s, its -1 filled in", List.of(unknown))
                    .isEqualTo(actual);
            if (unknown[0].dimension() > 0 && unknown[0].get(0) == -1) {
                assertThat(told.get(0)).as("unknown batch size in %s", told).isEqualTo(-1);
            }
        }
    }

    private static Shape withoutUnknown(Shape shape, Shape actual) {
        long[] sizes = shape.getShape().clone();
        for (int i = 0; i < sizes.length && i < actual.dimension(); i++) {
            sizes[i] = sizes[i] == -1 ? actual.get(i) : sizes[i];
        }
        return new Shape(sizes);
    }

    static void description(Subject subject) {
        Block fresh = subject.parityCase().newBlock();
        String kind = fresh.getClass().getSimpleName();
        assertThat(fresh.toString()).as("toString").startsWith(kind);
        assertThat(Blocks.describe(fresh, null, 0)).as("description").contains(kind);
        try (CaseRun run = subject.inference(DataType.FLOAT32)) {
            Block block = run.block();
            String text = block.toString() + Blocks.describe(block, "root", 2);
            for (String child : block.getChildren().keys()) {
                assertThat(text).as("description").contains(child.replaceFirst("^\\d\\d", ""));
            }
            assertThat(block.describeInput().values())
                    .as("describeInput")
                    .containsExactly(subject.parityCase().inputShapes());
        }
    }
}

package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptedTensorsTest {

    @TempDir Path directory;

    @Test
    void view_renamedAndRows_areReadByTheirNewNamesAndShapes() throws Exception {
        Path file = directory.resolve("model.safetensors");
        new SafetensorsWriter()
                .add("old", new double[] {1, 2, 3, 4}, new Shape(2, 2), StoredType.F32)
                .add("row", new double[] {5, 6, 7}, new Shape(1, 3), StoredType.F32)
                .add("other", new double[] {8, 9}, new Shape(1, 2), StoredType.F32)
                .write(file);
        try (TensorSource view =
                new AdaptedTensors(Checkpoints.open(file), Map.of("new", "old"), "row"::equals)) {
            assertThat(view.names()).containsExactlyInAnyOrder("new", "row", "other");
            assertThat(view.info("new").shape()).isEqualTo(new Shape(2, 2));
            assertThat(view.readDoubles("new")).containsExactly(1, 2, 3, 4);
            assertThat(view.info("row").shape()).isEqualTo(new Shape(3));
            assertThat(view.readDoubles("row")).containsExactly(5, 6, 7);
            assertThat(view.info("other").shape()).isEqualTo(new Shape(1, 2));
            float[] part = new float[2];
            view.readFloats("row", 1, part);
            assertThat(part).containsExactly(6, 7);
            assertThatThrownBy(() -> view.readDoubles("absent"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("absent");
        }
    }
}

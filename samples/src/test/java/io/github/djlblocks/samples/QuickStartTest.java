package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickStartTest {

    @Test
    void export_ofTheReadme_runsAtOtherSizes(@TempDir Path directory)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Model model = Model.newInstance("block", "PyTorch")) {
            QuickStart.export(manager, directory.resolve("block.pt"));
            model.load(directory, "block.pt");
            NDList output =
                    model.getBlock()
                            .forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(new Shape(5, 100, 64))),
                                    false);
            assertThat(output.singletonOrThrow().getShape()).isEqualTo(new Shape(5, 100, 64));
            assertThat(model.getBlock().getDirectParameters().keys())
                    .contains("norm.weight", "sublayer.up.weight");
        }
    }
}

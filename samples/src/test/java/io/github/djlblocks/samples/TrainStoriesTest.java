package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class TrainStoriesTest {

    @EachEngine
    void run_aFewSteps_writesAModelThatLoads(
            EngineUnderTest engine, NDManager manager, @TempDir Path folder) throws Exception {
        Path output = folder.resolve("model");
        Path plot = folder.resolve("loss.png");

        int code =
                TrainStories.run(
                        "--engine",
                        engine.engineName(),
                        "--output",
                        output.toString(),
                        "--plot",
                        plot.toString(),
                        "--steps",
                        "3",
                        "--batch",
                        "2");

        assertThat(code).isZero();
        assertThat(Files.readAllBytes(plot)).startsWith(0x89, 'P', 'N', 'G');
        CausalLanguageModel model = HuggingFaceModels.load(output, manager, DataType.FLOAT32);
        NDList logits =
                model.forward(
                        new ParameterStore(manager, false),
                        new NDList(manager.create(new long[][] {{1, 2, 3}})),
                        false);
        assertThat(logits.singletonOrThrow().getShape()).isEqualTo(new Shape(1, 3, 512));
    }
}

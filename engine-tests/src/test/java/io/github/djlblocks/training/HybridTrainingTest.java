package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.hybrid.TorchScriptBlock;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** A run over a model of which one part is a TorchScript file is that over blocks of Java. */
class HybridTrainingTest {

    private static final Shape IDS = new Shape(2, 4);

    @TempDir private Path directory;

    private static SequentialBlock body() {
        return new SequentialBlock()
                .add(TokenEmbedding.of(SmallRuns.VOCABULARY, 8))
                .add(Linear.withBias(8, 12));
    }

    private static Linear head() {
        return Linear.withBias(12, SmallRuns.VOCABULARY);
    }

    private static <B extends Block> B initialized(B block, NDManager manager, Shape shape) {
        block.setInitializer(
                new SeededNormalInitializer(12, 0.3),
                parameter -> parameter.getShape().dimension() == 2);
        block.initialize(manager, DataType.FLOAT32, shape);
        return block;
    }

    private static List<TrainingStep> steps(Block block, Path saved, int before) throws Exception {
        List<TrainingStep> steps = new ArrayList<>();
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run =
                        SmallRuns.run(block, optimizer)
                                .setData(new SmallRuns.TokensOnly(SmallRuns.counting(4)))
                                .optAccumulation(2)
                                .optClipNorm(1)
                                .build()) {
            if (before > 0) {
                run.resume(saved);
            }
            run.run(4, steps::add);
            run.save(saved);
        }
        return steps;
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void run_overAFileAndABlock_learnsWhatBlocksLearn(NDManager manager) throws Exception {
        Path file = directory.resolve("body.pt");
        TorchScript.export(
                initialized(body(), manager, IDS),
                file,
                ExportOptions.builder().addInput("ids", IDS, DataType.INT64).build());
        SequentialBlock java =
                new SequentialBlock()
                        .add(initialized(body(), manager, IDS))
                        .add(initialized(head(), manager, new Shape(2, 4, 12)));
        List<TrainingStep> expected = steps(java, directory.resolve("java"), 0);
        expected.addAll(steps(java, directory.resolve("java"), 4));

        SequentialBlock first = hybrid(file, manager);
        List<TrainingStep> found = steps(first, directory.resolve("hybrid"), 0);
        SequentialBlock second = hybrid(file, manager);
        found.addAll(steps(second, directory.resolve("hybrid"), 4));

        for (int i = 0; i < 8; i++) {
            assertThat(found.get(i).step()).isEqualTo(expected.get(i).step());
            assertThat(found.get(i).loss()).isCloseTo(expected.get(i).loss(), within(1e-5));
            assertThat(found.get(i).gradientNorm())
                    .isCloseTo(expected.get(i).gradientNorm(), within(1e-4));
        }
    }

    private static SequentialBlock hybrid(Path file, NDManager manager) throws Exception {
        TorchScriptBlock body =
                TorchScriptBlock.builder()
                        .setFile(file)
                        .addInput("ids", new Shape(-1, -1), DataType.INT64)
                        .optTrainable(true)
                        .build();
        body.initialize(manager, DataType.FLOAT32, IDS);
        assertThat(
                        body.forward(
                                new ParameterStore(manager, false),
                                new NDList(manager.zeros(IDS, DataType.INT64)),
                                false))
                .hasSize(1);
        return new SequentialBlock()
                .add(body)
                .add(initialized(head(), manager, new Shape(2, 4, 12)));
    }
}

package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Batchifier;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.SequenceClassificationHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.hybrid.TorchScriptBlock;
import io.github.djlblocks.kernel.Pooling;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Fine-tunes a TorchScript encoder with a head in Java on a small task: whether token 1 stands
 * before token 2 in a sequence of random tokens.
 */
@Command(
        name = "finetune-hybrid",
        sortOptions = false,
        description = {
            "Trains a TorchScript encoder and a classifier in Java together, with DJL's Trainer on"
                    + " PyTorch.",
            "The task is made up: does token 1 stand before token 2?"
        })
public final class FineTuneHybrid extends Program {

    private static final int LENGTH = 8;
    private static final int BATCH = 32;
    private static final int TESTS = 256;

    @Option(
            names = "--encoder",
            paramLabel = "NAME",
            description =
                    "EXPORTED, an encoder of this library; or WRITTEN, one whose TorchScript is"
                            + " written by hand. Default: EXPORTED.")
    private HybridEncoders encoder = HybridEncoders.EXPORTED;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "A TorchScript file from tokens (B, S) to (B, S, 16), instead.")
    private @Nullable Path file;

    @Option(names = "--frozen", description = "Train the head alone.")
    private boolean frozen;

    @Option(names = "--steps", paramLabel = "N", description = "Batches. Default: 400.")
    private int steps = 400;

    @Option(names = "--learning-rate", paramLabel = "X", description = "Default: 0.005.")
    private float learningRate = 0.005f;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random. Default: 1.")
    private int seed = 1;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Write the tuned encoder there, as TorchScript.")
    private @Nullable Path output;

    /**
     * What came of it.
     *
     * @param before the accuracy on unseen sequences before training
     * @param after and after it
     */
    record Result(double before, double after) {}

    /**
     * Fine-tunes.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new FineTuneHybrid(), args);
    }

    @Override
    public Integer call() throws IOException, MalformedModelException {
        requireAtLeastOne("--steps", steps);
        if (output != null) {
            requireWritable("--output", output);
        }
        Path directory = Files.createTempDirectory("hybrid");
        Path written = directory.resolve("encoder.pt");
        try {
            Engine.getEngine("PyTorch").setRandomSeed(seed);
            if (file == null) {
                try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                    encoder.write(manager, written);
                }
            }
            run(file == null ? written : file, out());
        } finally {
            Files.deleteIfExists(written);
            Files.delete(directory);
        }
        return 0;
    }

    /** Trains on an encoder of a file. */
    private void run(Path source, PrintWriter out) throws IOException, MalformedModelException {
        Result result = run(model(source, !frozen), steps, learningRate, seed, output);
        out.printf(
                "accuracy %.3f before, %.3f after %d batches of %d%n",
                result.before(), result.after(), steps, BATCH);
    }

    static SequentialBlock model(Path file, boolean isTrainable)
            throws IOException, MalformedModelException {
        // README: hybrid
        TorchScriptBlock body =
                TorchScriptBlock.builder()
                        .setFile(file)
                        .addInput("ids", new Shape(-1, -1), DataType.INT64)
                        .optTrainable(isTrainable)
                        .build();
        SequentialBlock model =
                new SequentialBlock()
                        .add(body)
                        .add(
                                SequenceClassificationHead.of(
                                        SequencePooling.of(Pooling.MEAN), Linear.withBias(16, 2)));
        // README: end
        return model;
    }

    /**
     * Trains a model of an encoder and a new head, and may write the encoder.
     *
     * @param output where the encoder is written afterwards, or null
     */
    static Result run(
            SequentialBlock model, int batches, float rate, long randomSeed, @Nullable Path output)
            throws IOException {
        try (Model holder = Model.newInstance("hybrid", Device.cpu(), "PyTorch")) {
            holder.setBlock(model);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optDevices(new Device[] {Device.cpu()})
                            .optOptimizer(
                                    Adam.builder()
                                            .optLearningRateTracker(Tracker.fixed(rate))
                                            .build());
            try (Trainer trainer = holder.newTrainer(config)) {
                trainer.initialize(new Shape(BATCH, LENGTH));
                double before = accuracy(trainer, randomSeed);
                Random random = new Random(randomSeed);
                for (int i = 0; i < batches; i++) {
                    try (Batch batch = batch(trainer, random, BATCH)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                    }
                }
                double after = accuracy(trainer, randomSeed);
                if (output != null
                        && model.getChildren().valueAt(0) instanceof TorchScriptBlock body) {
                    body.save(output);
                }
                return new Result(before, after);
            }
        }
    }

    /** Sequences in which tokens 1 and 2 appear once each. */
    private static Batch batch(Trainer trainer, Random random, int size) {
        long[] ids = new long[size * LENGTH];
        long[] labels = new long[size];
        for (int row = 0; row < size; row++) {
            for (int i = 0; i < LENGTH; i++) {
                ids[row * LENGTH + i] = 3L + random.nextInt(HybridEncoders.VOCABULARY - 3);
            }
            int one = random.nextInt(LENGTH);
            int two = (one + 1 + random.nextInt(LENGTH - 1)) % LENGTH;
            ids[row * LENGTH + one] = 1;
            ids[row * LENGTH + two] = 2;
            labels[row] = one < two ? 1 : 0;
        }
        NDManager manager = trainer.getManager().newSubManager();
        return new Batch(
                manager,
                new NDList(manager.create(ids, new Shape(size, LENGTH))),
                new NDList(manager.create(labels)),
                size,
                Batchifier.STACK,
                Batchifier.STACK,
                0,
                1);
    }

    private static double accuracy(Trainer trainer, long seed) {
        try (Batch batch = batch(trainer, new Random(~seed), TESTS)) {
            float[] logits = trainer.evaluate(batch.getData()).get(0).toFloatArray();
            NDArray labels = batch.getLabels().get(0);
            long[] expected = labels.toLongArray();
            int right = 0;
            for (int row = 0; row < TESTS; row++) {
                boolean isFirst = logits[2 * row + 1] > logits[2 * row];
                right += isFirst == (expected[row] == 1) ? 1 : 0;
            }
            return (double) right / TESTS;
        }
    }
}

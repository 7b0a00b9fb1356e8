package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.tracker.CosineTracker;
import ai.djl.training.tracker.Tracker;
import ai.djl.training.tracker.WarmUpTracker;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.samples.stories.StoryCorpus;
import io.github.djlblocks.samples.stories.StoryCorpus.Part;
import io.github.djlblocks.samples.stories.TokenizerTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Trains the story model that ships with the samples: DJL's {@link Trainer} on a decoder of this
 * library, written as a Hugging Face directory with BFLOAT16 weights.
 */
@Command(name = "train-stories", description = "Trains a small Llama on stories from a grammar.")
public final class TrainStories extends Program {

    private static final int TOKENIZER_STORIES = 20_000;
    private static final int VALIDATION_SEQUENCES = 64;
    private static final float INITIAL_DEVIATION = 0.05f;
    private static final int VOCABULARY = 512;
    private static final int CONTEXT = 256;

    @Option(names = "--output", required = true, description = "Directory to write the model to.")
    private Path output = Path.of("model");

    @Option(names = "--plot", description = "PNG file for the loss curve.")
    private Path plot = Path.of("loss.png");

    @Option(names = "--engine", description = "Engine to train on. Default: ${DEFAULT-VALUE}.")
    private String engine = "PyTorch";

    @Option(names = "--steps", description = "Optimizer steps. Default: ${DEFAULT-VALUE}.")
    private int steps = 7000;

    @Option(names = "--batch", description = "Stories a step. Default: ${DEFAULT-VALUE}.")
    private int batchSize = 16;

    @Option(
            names = "--length",
            description = "Tokens to predict in a story. Default: ${DEFAULT-VALUE}.")
    private int length = 148;

    @Option(names = "--learning-rate", description = "Peak. Default: ${DEFAULT-VALUE}.")
    private float learningRate = 2e-3f;

    @Option(names = "--seed", description = "Of corpus and weights. Default: ${DEFAULT-VALUE}.")
    private int seed = 17;

    private TrainStories() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new TrainStories(), args);
    }

    /**
     * Runs the program and returns.
     *
     * @param args see {@code --help}
     * @return the exit code
     */
    static int run(String... args) {
        return execute(new CommandLine(new TrainStories()), args);
    }

    /** The sizes of the model: 0.85 million parameters. */
    static DecoderConfig config(int vocabularySize, int contextLength) {
        return DecoderConfig.builder()
                .setVocabularySize(vocabularySize)
                .setHiddenSize(128)
                .setFeedForwardSize(384)
                .setLayers(4)
                .setQueryHeads(4)
                .setContextLength(contextLength)
                .optKeyValueHeads(2)
                .optTiedHead(true)
                .build();
    }

    @Override
    public Integer call() throws IOException, TranslateException {
        Files.createDirectories(output);
        StoryCorpus corpus = new StoryCorpus(seed);
        TokenizerTrainer trained =
                TokenizerTrainer.train(
                        corpus.stories(Part.TRAINING).limit(TOKENIZER_STORIES).toList(),
                        VOCABULARY);
        trained.save(output, CONTEXT);
        DecoderConfig config = config(VOCABULARY, CONTEXT);
        Engine.getEngine(engine).setRandomSeed(seed);
        List<Double> losses = new ArrayList<>();
        try (HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(
                                output.resolve("tokenizer.json"), Map.of("truncation", "false"));
                Model model = Model.newInstance("stories", Device.cpu(), engine)) {
            CausalLanguageModel block = Decoders.languageModel(config);
            model.setBlock(block);
            try (Trainer trainer = model.newTrainer(trainingConfig(losses))) {
                trainer.initialize(new Shape(batchSize, length));
                long[][] sequences =
                        corpus.padded(Part.TRAINING, tokenizer, length + 1, steps * batchSize);
                train(trainer, sequences, losses);
                long[][] unseen =
                        corpus.padded(Part.VALIDATION, tokenizer, length + 1, VALIDATION_SEQUENCES);
                out().printf(
                                "training loss %.4f, validation loss %.4f%n",
                                losses.get(losses.size() - 1), validate(trainer, unseen));
            }
            HuggingFaceModels.saveWeights(block, output, StoredType.BF16);
        }
        StoryModelFiles.write(output, config);
        LossPlot.write(plot, losses);
        out().println("model: " + output + ", loss curve: " + plot);
        return 0;
    }

    private DefaultTrainingConfig trainingConfig(List<Double> losses) {
        int warmUp = Math.max(1, steps / 20);
        Tracker cosine =
                CosineTracker.builder()
                        .setBaseValue(learningRate)
                        .optFinalValue(learningRate / 20)
                        .setMaxUpdates(Math.max(1, steps - warmUp))
                        .build();
        Tracker schedule =
                WarmUpTracker.builder()
                        .setMainTracker(cosine)
                        .optWarmUpSteps(warmUp)
                        .optWarmUpBeginValue(learningRate / 100)
                        .build();
        return new DefaultTrainingConfig(new NextTokenLoss(TokenizerTrainer.UNKNOWN_ID))
                .optDevices(new Device[] {Device.cpu()})
                .optInitializer(new NormalInitializer(INITIAL_DEVIATION), Parameter.Type.WEIGHT)
                .optOptimizer(
                        Adam.builder().optLearningRateTracker(schedule).optBeta2(0.95f).build())
                .addTrainingListeners(new LossListener(losses));
    }

    private void train(Trainer trainer, long[][] sequences, List<Double> losses)
            throws IOException, TranslateException {
        try (NDManager manager = trainer.getManager().newSubManager();
                ProgressBar bar = new ProgressBar("training", steps)) {
            for (Batch batch : trainer.iterateDataset(dataset(manager, sequences))) {
                EasyTrain.trainBatch(trainer, batch);
                trainer.step();
                batch.close();
                bar.step();
                bar.setExtraMessage(String.format("loss %.3f", losses.get(losses.size() - 1)));
            }
        }
    }

    private double validate(Trainer trainer, long[][] sequences)
            throws IOException, TranslateException {
        double sum = 0;
        int batches = 0;
        try (NDManager manager = trainer.getManager().newSubManager()) {
            for (Batch batch : trainer.iterateDataset(dataset(manager, sequences))) {
                NDList logits = trainer.evaluate(batch.getData());
                sum += trainer.getLoss().evaluate(batch.getLabels(), logits).getFloat();
                batches++;
                batch.close();
            }
        }
        return sum / batches;
    }

    /** Tokens to read, and at each place the token that follows. */
    private ArrayDataset dataset(NDManager manager, long[][] sequences) {
        long[][] tokens = new long[sequences.length][];
        long[][] next = new long[sequences.length][];
        for (int i = 0; i < sequences.length; i++) {
            tokens[i] = Arrays.copyOfRange(sequences[i], 0, length);
            next[i] = Arrays.copyOfRange(sequences[i], 1, length + 1);
        }
        return new ArrayDataset.Builder()
                .setData(manager.create(tokens))
                .optLabels(manager.create(next))
                .setSampling(batchSize, false)
                .build();
    }

    private static final class LossListener extends TrainingListenerAdapter {

        private final List<Double> losses;

        private LossListener(List<Double> losses) {
            this.losses = losses;
        }

        @Override
        public void onTrainingBatch(Trainer trainer, BatchData batch) {
            Device device = batch.getLabels().keySet().iterator().next();
            losses.add(
                    (double)
                            trainer.getLoss()
                                    .evaluate(
                                            batch.getLabels().get(device),
                                            batch.getPredictions().get(device))
                                    .getFloat());
        }
    }
}

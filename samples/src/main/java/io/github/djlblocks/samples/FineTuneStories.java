package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.adapter.Freezing;
import io.github.djlblocks.adapter.LoraConfig;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.optimizer.WarmUpCosine;
import io.github.djlblocks.samples.stories.FableChecker;
import io.github.djlblocks.samples.stories.StoryCorpus;
import io.github.djlblocks.samples.stories.StoryCorpus.Part;
import io.github.djlblocks.samples.stories.TokenizerTrainer;
import io.github.djlblocks.training.MaskedCrossEntropyLoss;
import io.github.djlblocks.training.TokenBatches;
import io.github.djlblocks.training.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Teaches the story model to end a story with a moral, by an adapter of few parameters: LoRA or
 * DoRA, written as PEFT writes it. The model itself stays as it is, and tells stories or fables as
 * it is asked.
 */
@Command(
        name = "finetune",
        description = {
            "Teaches a model fables (stories with a moral) by LoRA or DoRA.",
            "Writes the adapter in the layout of PEFT, and draws the loss before, while and after."
        })
final class FineTuneStories extends Program {

    private static final String NAME = "fable";
    private static final int VALIDATION_BATCHES = 4;

    @Option(names = "--model", description = "Directory of the model. Default: the one that ships.")
    private @Nullable Path model;

    @Option(names = "--output", required = true, description = "Directory for the adapter.")
    private Path output = Path.of("adapter");

    @Option(names = "--plot", description = "PNG of the loss. Default: ${DEFAULT-VALUE}.")
    private Path plot = Path.of("finetune-loss.png");

    @Option(names = "--engine", description = "Engine to train on. Default: ${DEFAULT-VALUE}.")
    private String engine = "PyTorch";

    @Option(names = "--steps", description = "Optimizer steps. Default: ${DEFAULT-VALUE}.")
    private int steps = 400;

    @Option(names = "--batch", description = "Fables a step. Default: ${DEFAULT-VALUE}.")
    private int batchSize = 16;

    @Option(names = "--learning-rate", description = "Peak. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 5e-3;

    @Option(names = "--rank", description = "Rows of A. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(names = "--alpha", description = "Strength. Default: ${DEFAULT-VALUE}.")
    private double alpha = 16;

    @Option(names = "--dropout", description = "Of adapters' inputs. Default: ${DEFAULT-VALUE}.")
    private double dropout;

    @Option(names = "--dora", description = "DoRA in place of LoRA.")
    private boolean dora;

    @Option(
            names = "--targets",
            split = ",",
            description = "Linear maps to adapt, as q_proj,v_proj. Default: all.")
    private @Nullable List<String> targets;

    @Option(names = "--prompts", description = "Stories to judge. Default: ${DEFAULT-VALUE}.")
    private int prompts = 30;

    @Option(names = "--seed", description = "Of corpus and order. Default: ${DEFAULT-VALUE}.")
    private int seed = 23;

    @Override
    public Integer call() throws IOException, MalformedModelException {
        requireAtLeastOne("--steps", steps);
        requireAtLeastOne("--batch", batchSize);
        requireAtLeastOne("--prompts", prompts);
        if (Files.exists(output) && !Files.isDirectory(output)) {
            throw new IllegalArgumentException(
                    "--output " + output + " is a file: name a directory for the adapter");
        }
        requireWritable("--output", output);
        requireWritable("--plot", plot);
        Path directory = model == null ? ShippedModel.directory() : model;
        ModelDescription description = HuggingFaceModels.describe(directory);
        HuggingFaceModels.requireEngine(engine);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), engine);
                HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(
                                directory.resolve("tokenizer.json"),
                                Map.of("truncation", "false"))) {
            CausalLanguageModel base =
                    HuggingFaceModels.load(directory, manager, LoadOptions.defaults());
            Adapters adapters = Adapters.of(base, description, manager);
            adapters.add(NAME, config(directory));
            Freezing.Report report = Freezing.report(base);
            out().printf(
                            Locale.ROOT,
                            "%d numbers learn, %d stay%n",
                            report.trainedElements(),
                            report.frozenElements());
            train(adapters, tokenizer);
            adapters.save(NAME, output);
            base.freezeParameters(true);
            tell(base, manager, tokenizer);
        }
        out().println("adapter: " + output + ", loss: " + plot);
        return 0;
    }

    private LoraConfig config(Path directory) {
        LoraConfig.Builder config =
                LoraConfig.builder()
                        .optRank(rank)
                        .optAlpha(alpha)
                        .optDropout(dropout)
                        .optDora(dora)
                        .optBaseModel(directory.getFileName().toString())
                        .optTaskType("CAUSAL_LM");
        return (targets == null
                        ? config.setAllLinear()
                        : config.setTargets(targets.toArray(String[]::new)))
                .build();
    }

    private void train(Adapters adapters, HuggingFaceTokenizer tokenizer) throws IOException {
        StoryCorpus corpus = StoryCorpus.ofFables(seed);
        TokenBatches unseen =
                batches(corpus, Part.VALIDATION, tokenizer, VALIDATION_BATCHES * batchSize);
        List<Double> losses = new ArrayList<>();
        Map<String, Double> levels = new LinkedHashMap<>();
        var block = adapters.block(NAME);
        WarmUpCosine rate = WarmUpCosine.toZero(learningRate, Math.max(1, steps / 20), steps);
        try (AdamW optimizer = AdamW.builder(block).optLearningRate(rate).build();
                TrainingRun run =
                        TrainingRun.builder()
                                .setBlock(block)
                                .setLoss(new MaskedCrossEntropyLoss())
                                .setOptimizer(optimizer)
                                .setData(
                                        batches(
                                                corpus,
                                                Part.TRAINING,
                                                tokenizer,
                                                steps * batchSize))
                                .optClipNorm(1)
                                .optSeed(seed)
                                .build();
                ProgressBar bar = new ProgressBar("training", steps)) {
            levels.put("unseen, before", run.evaluate(unseen, VALIDATION_BATCHES));
            run.run(
                    steps,
                    step -> {
                        losses.add(step.loss());
                        bar.step();
                    });
            levels.put("unseen, after", run.evaluate(unseen, VALIDATION_BATCHES));
        }
        LossPlot.write(plot, losses, levels);
        levels.forEach((name, loss) -> out().printf(Locale.ROOT, "loss of %s: %.4f%n", name, loss));
    }

    private TokenBatches batches(
            StoryCorpus corpus, Part part, HuggingFaceTokenizer tokenizer, int count) {
        List<long[]> sequences =
                corpus.stories(part)
                        .limit(count)
                        .map(text -> tokenizer.encode(text + TokenizerTrainer.END).getIds())
                        .toList();
        return TokenBatches.of(sequences, batchSize, TokenizerTrainer.END_ID, seed);
    }

    /** One loaded base, with and without the adapter. */
    private void tell(CausalLanguageModel base, NDManager manager, HuggingFaceTokenizer tokenizer) {
        List<String> beginnings = StoryCorpus.ofFables(seed).prompts(prompts);
        GenerationOptions options =
                GenerationOptions.of(200).withEndTokens(Set.of((long) TokenizerTrainer.END_ID));
        TokenGenerator generator = TokenGenerator.of(base, manager);
        FableChecker checker = new FableChecker();
        Map<String, GenerationOptions> both = new LinkedHashMap<>();
        both.put("without the adapter", options);
        both.put("with the adapter", options.withAdapter(NAME));
        both.forEach(
                (name, chosen) -> {
                    List<String> texts = texts(generator, tokenizer, beginnings, chosen);
                    long right = texts.stream().filter(checker::isRight).count();
                    out().printf(
                                    Locale.ROOT,
                                    "%s: %d of %d are right fables%n  %s%n",
                                    name,
                                    right,
                                    texts.size(),
                                    texts.get(0));
                });
    }

    private static List<String> texts(
            TokenGenerator generator,
            HuggingFaceTokenizer tokenizer,
            List<String> beginnings,
            GenerationOptions options) {
        long[][] ids =
                beginnings.stream()
                        .map(text -> tokenizer.encode(text).getIds())
                        .toArray(long[][]::new);
        List<String> texts = new ArrayList<>();
        for (GenerationResult result : generator.generate(ids, options)) {
            long[] prompt = ids[result.prompt()];
            long[] all = new long[prompt.length + result.tokens().length];
            System.arraycopy(prompt, 0, all, 0, prompt.length);
            System.arraycopy(result.tokens(), 0, all, prompt.length, result.tokens().length);
            texts.add(tokenizer.decode(all, true));
        }
        return texts;
    }
}

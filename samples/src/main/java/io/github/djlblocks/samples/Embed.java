package io.github.djlblocks.samples;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.huggingface.TextTasks;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Finds the sentences of a file that say what a text says. */
@Command(
        name = "embed",
        sortOptions = false,
        description = "Prints the sentences of a file that are nearest to a text, by cosine.")
final class Embed extends Program {

    /** Sentences that go through the model at once. */
    private static final int BATCH = 32;

    private record Neighbour(String sentence, double cosine) {}

    @Parameters(index = "0", paramLabel = "DIR", description = "Hugging Face directory.")
    private @Nullable Path model;

    @Parameters(index = "1", paramLabel = "FILE", description = "Sentences, one a line.")
    private @Nullable Path file;

    @Parameters(index = "2", paramLabel = "TEXT", description = "What to look for.")
    private @Nullable String text;

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "How many sentences to print. Default: ${DEFAULT-VALUE}.")
    private int top = 5;

    @Mixin private EngineSettings where = new EngineSettings();

    @Override
    public Integer call() throws IOException, ModelException, TranslateException {
        if (top < 1) {
            throw new IllegalArgumentException("--top (" + top + ") must be at least 1");
        }
        Path given = Objects.requireNonNull(file);
        if (!Files.isRegularFile(given)) {
            throw new IllegalArgumentException(
                    given + " is no file: give a text file with a sentence a line");
        }
        List<String> sentences;
        try (Stream<String> lines = Files.lines(given)) {
            sentences = lines.map(String::strip).filter(line -> !line.isEmpty()).toList();
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CharacterCodingException) {
                throw new IllegalArgumentException(given + " is no UTF-8 text: convert it", e);
            }
            throw e.getCause();
        }
        if (sentences.isEmpty()) {
            throw new IllegalArgumentException(file + " has no sentence: write one a line");
        }
        try (ZooModel<String, float[]> loaded =
                        TextTasks.textEmbedding(
                                        Objects.requireNonNull(model),
                                        where.engine(),
                                        where.device())
                                .build()
                                .loadModel();
                Predictor<String, float[]> predictor = loaded.newPredictor()) {
            float[] wanted = predictor.predict(Objects.requireNonNull(text));
            List<Neighbour> neighbours = new ArrayList<>();
            for (int from = 0; from < sentences.size(); from += BATCH) {
                List<String> some =
                        sentences.subList(from, Math.min(sentences.size(), from + BATCH));
                List<float[]> vectors = predictor.batchPredict(some);
                for (int i = 0; i < some.size(); i++) {
                    neighbours.add(new Neighbour(some.get(i), cosine(wanted, vectors.get(i))));
                }
            }
            PrintWriter out = out();
            neighbours.stream()
                    .sorted(Comparator.comparingDouble(Neighbour::cosine).reversed())
                    .limit(top)
                    .forEach(
                            one ->
                                    out.printf(
                                            Locale.ROOT,
                                            "%7.4f  %s%n",
                                            one.cosine(),
                                            one.sentence()));
        }
        return CommandLine.ExitCode.OK;
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }
}

package io.github.djlblocks.seq2seq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.huggingface.ChatOptions;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextToTextTest {

    private static final int STEPS = 9;
    private static final int BEAMS = 3;
    private static final String TEXT = "w9 w41 w7 w33 w64";

    @TempDir Path directory;

    /** Words w0 to w95; what is given to the encoder ends with a token of its own. */
    private static String tokenizer(int end) {
        String words =
                IntStream.range(0, 96)
                        .mapToObj(i -> "\"w%d\": %d".formatted(i, i))
                        .collect(Collectors.joining(", "));
        return """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
         "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
         "post_processor": {"type": "TemplateProcessing",
          "single": [{"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "w%1$d", "type_id": 0}}],
          "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
          "special_tokens": {"w%1$d": {"id": "w%1$d", "ids": [%1$d], "tokens": ["w%1$d"]}}},
         "decoder": null,
         "model": {"type": "WordLevel", "unk_token": "w0", "vocab": {%2$s}}}
        """
                .formatted(end, words);
    }

    private void write(String config, int start, int end) throws Exception {
        RandomSeq2Seq.write(directory, config, StoredType.F32);
        Files.writeString(directory.resolve("tokenizer.json"), tokenizer(end));
        // Without an end token lengths are equal, and so are the sums of beams.
        Files.writeString(
                directory.resolve("generation_config.json"),
                """
                {"decoder_start_token_id": %d, "eos_token_id": %d, "max_new_tokens": %d,
                 "suppress_tokens": [%d]}
                """
                        .formatted(start, end, STEPS, end));
    }

    private static double[] logProbabilities(
            EncoderDecoder model, NDManager manager, long[] source, List<Long> target, int end) {
        try (NDManager own = manager.newSubManager()) {
            long[] tokens = target.stream().mapToLong(Long::longValue).toArray();
            NDList inputs =
                    new NDList(
                            own.create(new long[][] {source}), own.create(new long[][] {tokens}));
            NDArray logits = model.forward(new ParameterStore(own, false), inputs, false).get(0);
            float[] all = logits.toFloatArray();
            double[] last = new double[96];
            double sum = 0;
            for (int i = 0; i < 96; i++) {
                last[i] = all[all.length - 96 + i];
                sum += Math.exp(last[i]);
            }
            for (int i = 0; i < 96; i++) {
                last[i] = i == end ? Double.NEGATIVE_INFINITY : last[i] - Math.log(sum);
            }
            return last;
        }
    }

    private record Beam(List<Long> tokens, double score) {}

    /** Best of all continuations of all beams, each over a pass from the beginning. */
    private static long[] naive(
            EncoderDecoder model, NDManager manager, long[] source, int beams, int... ends) {
        List<Beam> kept = List.of(new Beam(List.of((long) ends[0]), 0));
        for (int step = 0; step < STEPS; step++) {
            List<Beam> next = new ArrayList<>();
            for (Beam beam : kept) {
                double[] scores = logProbabilities(model, manager, source, beam.tokens(), ends[1]);
                for (int token = 0; token < scores.length; token++) {
                    List<Long> longer = new ArrayList<>(beam.tokens());
                    longer.add((long) token);
                    next.add(new Beam(longer, beam.score() + scores[token]));
                }
            }
            next.sort(Comparator.comparingDouble(beam -> -beam.score()));
            kept = List.copyOf(next.subList(0, beams));
        }
        return kept.get(0).tokens().stream().skip(1).mapToLong(Long::longValue).toArray();
    }

    private static String text(long... tokens) {
        return LongStream.of(tokens).mapToObj(id -> "w" + id).collect(Collectors.joining(" "));
    }

    private void assertTexts(String config, int start, int end) throws Exception {
        write(config, start, end);
        long[] source = {9, 41, 7, 33, 64, end};
        Set<String> texts = new HashSet<>();
        for (EngineUnderTest engine : EnginesUnderTest.discover()) {
            try (ZooModel<String, String> loaded =
                    HuggingFaceModels.textToText(directory, engine.engineName(), engine.device())
                            .build()
                            .loadModel()) {
                NDManager manager = loaded.getNDManager();
                EncoderDecoder plain =
                        (EncoderDecoder)
                                HuggingFaceModels.loadBlock(
                                        directory,
                                        manager,
                                        LoadOptions.defaults()
                                                .withCompile(LoadOptions.Compile.OFF));
                long[] greedy = naive(plain, manager, source, 1, start, end);
                long[] beams = naive(plain, manager, source, BEAMS, start, end);
                assertThat(beams).isNotEqualTo(greedy);
                try (Predictor<String, String> predictor = loaded.newPredictor()) {
                    assertThat(predictor.predict(TEXT)).isEqualTo(text(greedy));
                }
                try (TextGenerator generator = TextGenerator.of(loaded)) {
                    TextGenerator.Result found =
                            generator.generate(TEXT, generator.textOptions().tokens());
                    assertThat(found.tokens()).isEqualTo(greedy);
                    assertThat(found.promptTokens()).isEqualTo(source);
                    assertThat(found.finishReason()).isEqualTo(FinishReason.MAX_NEW_TOKENS);
                    texts.add(found.text());
                }
                try (ZooModel<String, String> searching =
                                HuggingFaceModels.textToText(
                                                directory, engine.engineName(), engine.device())
                                        .optArgument("numBeams", BEAMS)
                                        .build()
                                        .loadModel();
                        Predictor<String, String> predictor = searching.newPredictor()) {
                    String found = predictor.predict(TEXT);
                    assertThat(found).isEqualTo(text(beams));
                    texts.add(found);
                }
            }
        }
        assertThat(texts).hasSize(2);
    }

    @Test
    void textToText_t5_isThatOfPassesFromTheBeginningOnEveryEngine() throws Exception {
        assertTexts(RandomSeq2Seq.T5, 0, 1);
    }

    @Test
    void textToText_gatedT5_isThatOfPassesFromTheBeginningOnEveryEngine() throws Exception {
        assertTexts(RandomSeq2Seq.T5_GATED, 0, 1);
    }

    @Test
    void textToText_bart_isThatOfPassesFromTheBeginningOnEveryEngine() throws Exception {
        assertTexts(RandomSeq2Seq.BART, 2, 2);
    }

    @EachEngine(leavesNothingOpen = true)
    void generator_sources_ofSeveralLengths_areAsEachAlone(NDManager manager) throws Exception {
        write(RandomSeq2Seq.BART, 2, 2);
        try (TextGenerator generator = generator(manager)) {
            List<String> sources = List.of(TEXT, "w5", "w8 w90 w14");
            List<String> alone =
                    sources.stream()
                            .map(text -> generator.generate(text, generator.textOptions().tokens()))
                            .map(TextGenerator.Result::text)
                            .toList();
            assertThat(generator.generateAll(sources, generator.textOptions()))
                    .extracting(TextGenerator.Result::text)
                    .isEqualTo(alone);
            StringBuilder streamed = new StringBuilder();
            try (var stream = generator.stream(TEXT, generator.textOptions())) {
                stream.forEachRemaining(streamed::append);
            }
            assertThat(streamed).hasToString(alone.get(0));
        }
    }

    /** As in the reference, config.json says it then; BART ends with token 2 by default. */
    @EachEngine(leavesNothingOpen = true)
    void generator_withoutGenerationConfig_honoursTheConfig(NDManager manager) throws Exception {
        String config =
                RandomSeq2Seq.BART.replaceFirst(
                        "\\{",
                        "{\"max_length\": 6, \"forced_bos_token_id\": 17, \"min_length\": 5,");
        write(config, 2, 2);
        Files.delete(directory.resolve("generation_config.json"));
        try (TextGenerator generator = generator(manager)) {
            long[] tokens = generator.generate(TEXT, generator.textOptions().tokens()).tokens();
            // The start token counts, the first is forced, and the last.
            assertThat(tokens).hasSize(5).startsWith(17).endsWith(2);
        }
        write(config.replaceFirst("\\{", "{\"forced_eos_token_id\": null,"), 2, 2);
        Files.delete(directory.resolve("generation_config.json"));
        try (TextGenerator generator = generator(manager)) {
            long[] tokens = generator.generate(TEXT, generator.textOptions().tokens()).tokens();
            assertThat(tokens).hasSize(5).startsWith(17);
            assertThat(tokens[4]).isNotEqualTo(2);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generator_whatCannotBe_isSaid(NDManager manager) throws Exception {
        write(RandomSeq2Seq.BART, 2, 2);
        try (TextGenerator generator = generator(manager)) {
            assertThatThrownBy(
                            () ->
                                    generator.newChat(
                                            ChatOptions.defaults(), generator.textOptions()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a chat session is for a CausalLanguageModel, which reads on where it"
                                    + " stopped; an EncoderDecoder reads each prompt anew: call"
                                    + " chat");
        }
        write(
                RandomSeq2Seq.BART
                        .replace("\"bart\"", "\"mbart\"")
                        .replace("\"bos_token_id\": 0", "\"bos_token_id\": null")
                        .replace(
                                "\"decoder_start_token_id\": 2",
                                "\"decoder_start_token_id\": null"),
                2,
                2);
        Files.delete(directory.resolve("generation_config.json"));
        assertThatThrownBy(() -> generator(manager))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        directory.resolve("config.json")
                                + ": decoder_start_token_id is missing: the decoder needs a token"
                                + " to start from, such as that of a language");
    }

    private TextGenerator generator(NDManager manager) throws Exception {
        return TextGenerator.of(
                (EncoderDecoder)
                        HuggingFaceModels.loadBlock(directory, manager, LoadOptions.defaults()),
                manager,
                directory);
    }
}

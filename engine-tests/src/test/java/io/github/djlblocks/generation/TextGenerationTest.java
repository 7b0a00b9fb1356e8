package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.DeferredTranslatorFactory;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;

/** From prompt to text through DJL's criteria, predictors and model server files. */
class TextGenerationTest {

    /** once upon a time, there was a time. */
    private static final Map<Integer, Integer> STORY = Map.of(1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 3);

    /** After an a the three bytes of the euro sign, then a b. */
    private static final Map<Integer, Integer> EURO = Map.of(1, 2, 2, 3, 3, 4, 4, 6, 6, 5);

    @TempDir Path directory;

    private void write(EngineUnderTest engine, Map<Integer, Integer> next, String tokenizer)
            throws IOException {
        try (NDManager manager = engine.newManager()) {
            TinyLlama.write(
                    directory, TinyLlama.successor(manager, next), StoredType.F32, tokenizer);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void criteria_builtByTheLibrary_generateAndCloseFreesAll(EngineUnderTest engine)
            throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        try (ZooModel<String, String> model =
                        HuggingFaceModels.textGeneration(
                                        directory, engine.engineName(), engine.device())
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            assertThat(predictor.predict("once")).isEqualTo(" upon a time");
            assertThat(predictor.predict("there")).isEqualTo(" was a time");
            assertThat(model.getNDManager().getDevice()).isEqualTo(engine.device());
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void criteria_servingPropertiesAlone_generate(EngineUnderTest engine) throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        String huggingFace = "io.github.djlblocks.huggingface.";
        Files.writeString(
                directory.resolve("serving.properties"),
                """
                blockFactory=%sHuggingFaceBlockFactory
                translatorFactory=%sTextGenerationTranslatorFactory
                option.hasParameter=false
                maxNewTokens=2
                dataType=float64
                """
                        .formatted(huggingFace, huggingFace));
        Criteria<String, String> criteria =
                Criteria.builder()
                        .setTypes(String.class, String.class)
                        .optModelPath(directory)
                        .optEngine(engine.engineName())
                        .optDevice(engine.device())
                        // DJL reads the file too late to find its translator otherwise.
                        .optTranslatorFactory(new DeferredTranslatorFactory())
                        .build();
        try (ZooModel<String, String> model = criteria.loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            assertThat(predictor.predict("once")).isEqualTo(" upon a");
            assertThat(model.getDataType()).isEqualTo(DataType.FLOAT64);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void predictors_inTwoThreads_eachGetsItsOwnText(EngineUnderTest engine) throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (ZooModel<String, String> model =
                HuggingFaceModels.textGeneration(directory, engine.engineName(), engine.device())
                        .build()
                        .loadModel()) {
            int open = LeakGuard.of(model.getNDManager()).openArrays();
            List<Callable<List<String>>> work =
                    List.of(() -> texts(model, "once"), () -> texts(model, "there"));
            List<Future<List<String>>> done = threads.invokeAll(work);
            assertThat(done.get(0).get()).hasSize(5).containsOnly(" upon a time");
            assertThat(done.get(1).get()).hasSize(5).containsOnly(" was a time");
            assertThat(LeakGuard.of(model.getNDManager()).openArrays()).isEqualTo(open);
        } finally {
            threads.shutdown();
        }
    }

    private static List<String> texts(ZooModel<String, String> model, String prompt)
            throws TranslateException {
        List<String> texts = new ArrayList<>();
        try (Predictor<String, String> predictor = model.newPredictor()) {
            for (int i = 0; i < 5; i++) {
                texts.add(predictor.predict(prompt));
            }
        }
        return texts;
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_words_piecesAreTheText(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        List<String> pieces = new ArrayList<>();
        try (TextGenerator generator = generator(manager)) {
            TextGenerator.Result result =
                    generator.generate("there", generator.options(7), pieces::add);
            assertThat(pieces).containsExactly(" was", " a", " time");
            assertThat(result.text()).isEqualTo(" was a time");
            assertThat(result.promptTokens()).containsExactly(6);
            assertThat(result.tokens()).containsExactly(7, 3, 4, 5);
            assertThat(result.finishReason()).isEqualTo(FinishReason.END_TOKEN);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_characterOverThreeTokens_comesWhole(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine, EURO, TinyLlama.BYTES);
        List<String> pieces = new ArrayList<>();
        try (TextGenerator generator = generator(manager)) {
            TextGenerator.Result result =
                    generator.generate("a", generator.options(9), pieces::add);
            assertThat(result.tokens()).containsExactly(2, 3, 4, 6, 5);
            assertThat(pieces).containsExactly("\u20ac", "b");
            assertThat(result.text()).isEqualTo("\u20acb");

            pieces.clear();
            // Cut after two of the three bytes: what there is comes at the end, marked as broken.
            TextGenerator.Result cut =
                    generator.generate("a", GenerationOptions.of(2), pieces::add);
            assertThat(cut.finishReason()).isEqualTo(FinishReason.MAX_NEW_TOKENS);
            assertThat(pieces).containsExactly("\ufffd");
            assertThat(cut.text()).isEqualTo("\ufffd");
        }
    }

    /** Of the bytes C3 A9, D0 94, CF 89, D7 90: four characters in a row. */
    @EachEngine(leavesNothingOpen = true)
    void generate_byteFallbackCharactersInARow_eachComesWhole(
            EngineUnderTest engine, NDManager manager) throws Exception {
        Map<Integer, Integer> next =
                Map.of(1, 2, 2, 3, 3, 4, 4, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 5);
        write(engine, next, TinyLlama.BYTE_FALLBACK);
        List<String> pieces = new ArrayList<>();
        TextGenerator generator = generator(manager);
        try (generator) {
            assertThat(generator.generate("a", generator.options(11), pieces::add).text())
                    .isEqualTo("\u00e9\u0414\u03c9\u05d0x");
            assertThat(pieces).containsExactly("\u00e9", "\u0414", "\u03c9", "\u05d0", "x");
            pieces.clear();
            assertThat(
                            generator
                                    .generate("a\u00e9\u0414", generator.options(7), pieces::add)
                                    .text())
                    .isEqualTo("\u03c9\u05d0x");
            assertThat(pieces).containsExactly("\u03c9", "\u05d0", "x");
        }
        generator.close();
        assertThatThrownBy(() -> generator.generate("a", generator.options(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the text generator is closed: make a new one");
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_emptyPrompt_saysWhatIsMissing(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        try (TextGenerator generator = generator(manager)) {
            assertThatThrownBy(() -> generator.generate("", generator.options(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the prompt \"\" gives no token: write at least one character");
            assertThatThrownBy(() -> generator.generate("once", generator.options(0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("maxNewTokens (0) must be at least 1");
            assertThatThrownBy(() -> generator.generate("a ".repeat(12), generator.options(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a prompt of 12 tokens leaves no room in the context of 12: shorten it"
                                    + " to at most 11");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generationConfig_itsEndTokens_winOverThoseOfConfig(
            EngineUnderTest engine, NDManager manager) throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        Files.writeString(
                directory.resolve("generation_config.json"), "{\"eos_token_id\": [3, 9]}");
        try (TextGenerator generator = generator(manager)) {
            assertThat(generator.options(7).endTokens()).containsExactlyInAnyOrder(3L, 9L);
            assertThat(generator.generate("once", generator.options(7)).text())
                    .isEqualTo(" upon a");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void endTokens_absentFromConfig_areThoseOfLlama(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        Path config = directory.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains("\"eos_token_id\"");
        Files.writeString(config, text.replace("\"eos_token_id\"", "\"unused\""));
        try (TextGenerator generator = generator(manager)) {
            assertThat(generator.options(1).endTokens()).containsExactly(2L);
        }
        Files.writeString(
                config, text.replaceFirst("\"eos_token_id\": *\\d+", "\"eos_token_id\": null"));
        try (TextGenerator generator = generator(manager)) {
            assertThat(generator.options(1).endTokens()).isEmpty();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void tokenizer_missing_namesTheFile(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine, STORY, TinyLlama.WORDS);
        Path file = directory.resolve("tokenizer.json");
        Files.delete(file);
        assertThatThrownBy(() -> generator(manager))
                .isInstanceOf(IOException.class)
                .hasMessage(file + " is missing: text needs the tokenizer of the model");
    }

    private TextGenerator generator(NDManager manager) throws Exception {
        return TextGenerator.of(
                HuggingFaceModels.load(directory, manager, DataType.FLOAT32), manager, directory);
    }
}

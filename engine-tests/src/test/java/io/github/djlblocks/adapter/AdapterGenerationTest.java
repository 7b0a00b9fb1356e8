package io.github.djlblocks.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;

/** Generations that choose an adapter. */
class AdapterGenerationTest {

    private static final LoraConfig LORA =
            LoraConfig.builder().optRank(4).optAlpha(16).setAllLinear().build();
    private static final GenerationOptions OPTIONS = GenerationOptions.of(8);
    private static final long[][] PROMPT = {{3, 1, 4}};

    private static final String T5 =
            """
            {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": 13,
             "d_model": 12, "d_kv": 4, "d_ff": 20, "num_layers": 2, "num_heads": 3,
             "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
            """;

    private static final String WORDS =
            """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
             "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
             "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "unk_token": "zero",
                       "vocab": {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
                                 "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
                                 "eleven": 11, "twelve": 12}}}
            """;

    @TempDir Path directory;

    /** The tokens of each adapter, found by merging it. */
    private static List<long[]> merged(
            CausalLanguageModel model, Adapters adapters, NDManager manager) {
        List<long[]> tokens = new ArrayList<>();
        for (String name : adapters.names()) {
            adapters.merge(name);
            tokens.add(tokens(TokenGenerator.of(model, manager), OPTIONS));
            adapters.unmerge();
        }
        return tokens;
    }

    private static long[] tokens(TokenGenerator generator, GenerationOptions options) {
        return generator.generate(PROMPT, options).get(0).tokens();
    }

    private static Adapters adapted(KernelBlock model, NDManager manager, String... names) {
        Adapters adapters = Adapters.of(model, AdaptedModels.llama(), manager);
        for (String name : names) {
            adapters.add(name, LORA);
            AdaptedModels.randomize(model, name);
        }
        return adapters;
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_adapterPerCall_givesTheTokensOfTheMergedModel(NDManager manager) {
        CausalLanguageModel model =
                (CausalLanguageModel) AdaptedModels.initialized(AdaptedModels.llama(), manager);
        long[] base = tokens(TokenGenerator.of(model, manager), OPTIONS);
        Adapters adapters = adapted(model, manager, "a", "b");
        List<long[]> expected = merged(model, adapters, manager);
        TokenGenerator generator = TokenGenerator.of(model, manager);

        assertThat(tokens(generator, OPTIONS.withAdapter("a"))).isEqualTo(expected.get(0));
        assertThat(tokens(generator, OPTIONS.withAdapter("b"))).isEqualTo(expected.get(1));
        assertThat(tokens(generator, OPTIONS)).isEqualTo(base);
        assertThat(expected.get(0)).isNotEqualTo(expected.get(1)).isNotEqualTo(base);
        assertThat(tokens(generator.withDraft(model, 3), OPTIONS.withAdapter("b")))
                .isEqualTo(expected.get(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tokens(generator, OPTIONS.withAdapter("c")))
                .withMessageStartingWith("there is no adapter 'c' here, but [a, b]");
        try (PromptCache cache = PromptCache.of(model, manager)) {
            TokenGenerator cached = generator.withPromptCache(cache);
            assertThat(tokens(cached, OPTIONS.withAdapter("a"))).isEqualTo(expected.get(0));
            assertThat(tokens(cached, OPTIONS.withAdapter("b"))).isEqualTo(expected.get(1));
            assertThat(tokens(cached, OPTIONS)).isEqualTo(base);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_adapterOfTheDecoderAlone_isFoundByBoth(NDManager manager) {
        ModelDescription t5 = Families.parse(T5);
        EncoderDecoder model = (EncoderDecoder) AdaptedModels.initialized(t5, manager);
        TokenGenerator generator = TokenGenerator.of(model, manager, 0);
        GenerationOptions beams = OPTIONS.toBuilder().optNumBeams(2).build();
        long[] base = tokens(generator, OPTIONS);
        Adapters adapters = Adapters.of(model, t5, manager);
        assertThat(
                        adapters.add(
                                "a",
                                LoraConfig.builder()
                                        .optAlpha(40)
                                        .setTargetPattern("decoder.*\\.(q|v|wi|wo)")
                                        .build()))
                .hasSize(2 * 6);
        AdaptedModels.randomize(model, "a");
        adapters.merge("a");
        long[] merged = tokens(generator, OPTIONS);
        long[] mergedBeams = tokens(generator, beams);
        adapters.unmerge();

        assertThat(tokens(generator, OPTIONS.withAdapter("a"))).isEqualTo(merged);
        assertThat(tokens(generator, beams.withAdapter("a"))).isEqualTo(mergedBeams);
        assertThat(tokens(generator, OPTIONS)).isEqualTo(base).isNotEqualTo(merged);
    }

    /** A base and two adapters on disk. */
    private List<long[]> write(NDManager manager) throws IOException {
        ModelDescription llama = AdaptedModels.llama();
        CausalLanguageModel model = (CausalLanguageModel) AdaptedModels.initialized(llama, manager);
        Files.writeString(directory.resolve("base.json"), AdaptedModels.LLAMA);
        HuggingFaceModels.save(
                model, directory.resolve("base.json"), directory.resolve("base"), StoredType.F32);
        Files.writeString(directory.resolve("base").resolve("tokenizer.json"), WORDS);
        List<long[]> tokens = new ArrayList<>();
        tokens.add(tokens(TokenGenerator.of(model, manager), OPTIONS));
        Adapters adapters = adapted(model, manager, "a", "b");
        adapters.save("a", directory.resolve("a"));
        adapters.save("b", directory.resolve("b"));
        tokens.addAll(merged(model, adapters, manager));
        return tokens;
    }

    @EachEngine
    void load_directoriesOfAdapters_serveSeveralAtOnce(NDManager manager, EngineUnderTest engine)
            throws IOException, MalformedModelException, InterruptedException, ExecutionException {
        List<long[]> expected = write(manager);
        LoadOptions options =
                LoadOptions.of(Map.of("adapter.a", "../a", "adapter.b", directory.resolve("b")));
        CausalLanguageModel model =
                HuggingFaceModels.load(directory.resolve("base"), manager, options);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        List<GenerationOptions> choices =
                List.of(OPTIONS, OPTIONS.withAdapter("a"), OPTIONS.withAdapter("b"));
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Callable<long[]>> calls = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                GenerationOptions choice = choices.get(i % 3);
                calls.add(() -> tokens(generator, choice));
            }
            int call = 0;
            for (Future<long[]> future : threads.invokeAll(calls)) {
                assertThat(future.get())
                        .as(engine.engineName())
                        .isEqualTo(expected.get(call++ % 3));
            }
        } finally {
            threads.shutdown();
        }
    }

    /** Weights without values, adapters in float32. */
    @EachEngine(engines = "PyTorch", dataTypes = DataType.FLOAT32)
    void load_packedBase_takesAdapters(NDManager manager, DataType type)
            throws IOException, MalformedModelException {
        List<long[]> expected = write(manager);
        LoadOptions options =
                LoadOptions.of(
                        Map.of("weights", "float32", "adapter.a", "../a", "adapter.b", "../b"));
        CausalLanguageModel model =
                HuggingFaceModels.load(directory.resolve("base"), manager, options);
        TokenGenerator generator = TokenGenerator.of(model, manager);

        assertThat(tokens(generator, OPTIONS)).isEqualTo(expected.get(0));
        assertThat(tokens(generator, OPTIONS.withAdapter("a"))).isEqualTo(expected.get(1));
        assertThat(tokens(generator, OPTIONS.withAdapter("b"))).isEqualTo(expected.get(2));
        Adapters adapters = Adapters.of(model, AdaptedModels.llama(), manager);
        assertThatIllegalStateException()
                .isThrownBy(
                        () ->
                                adapters.add(
                                        "dora",
                                        LoraConfig.builder().optDora(true).setAllLinear().build()))
                .withMessage(
                        "DoRA needs the values of the weights, but those of the model are packed"
                                + " for compiled passes or not loaded: load it without a weight"
                                + " format");
        assertThat(adapters.names()).containsExactly("a", "b");
        for (String name : List.of("a", "b")) {
            adapters.remove(name);
        }
    }

    @EachEngine
    void textGeneration_criteriaAndRequests_chooseAdapters(
            NDManager manager, EngineUnderTest engine)
            throws IOException, ModelException, TranslateException {
        write(manager);
        String prompt = "three one four";
        try (ZooModel<String, String> model =
                        HuggingFaceModels.textGeneration(
                                        directory.resolve("base"),
                                        engine.engineName(),
                                        Device.cpu())
                                .optArgument("adapter.a", "../a")
                                .optArgument("adapter.b", "../b")
                                .optArgument("maxNewTokens", 8)
                                .optArgument("adapter", "b")
                                .build()
                                .loadModel();
                TextGenerator generator = TextGenerator.of(model);
                Predictor<String, String> predictor = model.newPredictor()) {
            TextOptions options = TextOptions.of(OPTIONS);
            String base = generator.generate(prompt, options, piece -> {}).text();
            String a = generator.generate(prompt, options.withAdapter("a"), piece -> {}).text();
            String b = generator.generate(prompt, options.withAdapter("b"), piece -> {}).text();

            assertThat(a).isNotEqualTo(base).isNotEqualTo(b);
            assertThat(b).isNotEqualTo(base);
            assertThat(predictor.predict(prompt)).isEqualTo(b);
        }
    }
}

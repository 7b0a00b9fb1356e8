package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.inference.streaming.ChunkedBytesSupplier;
import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.huggingface.ChatMessage;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerationTranslatorFactory;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextStream;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Text through predictors, and directories whose files do not fit. */
class TextServingTest {

    private static final Map<Integer, Integer> STORY = Map.of(1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 3);

    @TempDir Path directory;

    private void write(EngineUnderTest engine) throws Exception {
        try (NDManager manager = engine.newManager()) {
            TinyLlama.write(
                    directory,
                    TinyLlama.successor(manager, STORY),
                    StoredType.F32,
                    TinyLlama.WORDS);
        }
    }

    private Criteria.Builder<String, String> criteria(EngineUnderTest engine) {
        return HuggingFaceModels.textGeneration(directory, engine.engineName(), engine.device());
    }

    @EachEngine(leavesNothingOpen = true)
    void streamingPredict_pieces_comeOneByOneAndCloseFrees(EngineUnderTest engine)
            throws Exception {
        write(engine);
        try (ZooModel<String, TextStream> model =
                        criteria(engine)
                                .setTypes(String.class, TextStream.class)
                                .build()
                                .loadModel();
                Predictor<String, TextStream> predictor = model.newPredictor()) {
            assertThat(predictor.supportsStreaming()).isTrue();
            try (TextStream text = predictor.streamingPredict("once").getIterativeOutput()) {
                assertThat(text.stream()).containsExactly(" upon", " a", " time");
            }
            int open = LeakGuard.of(model.getNDManager()).openArrays();
            try (TextStream text = predictor.streamingPredict("there").getIterativeOutput()) {
                assertThat(text.next()).isEqualTo(" was");
            }
            try (TextStream text = predictor.predict("there")) {
                assertThat(text.next()).isEqualTo(" was");
            }
            assertThat(LeakGuard.of(model.getNDManager()).openArrays()).isEqualTo(open);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void predict_requests_answerInJsonAndInChunks(EngineUnderTest engine) throws Exception {
        write(engine);
        Files.writeString(directory.resolve("chat_template.jinja"), "{{ messages[-1].content }}");
        try (ZooModel<Input, Output> model =
                        criteria(engine).setTypes(Input.class, Output.class).build().loadModel();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            assertThat(predictor.predict(input("once")).getData().getAsString())
                    .isEqualTo(
                            "{\"generated_text\":\" upon a"
                                    + " time\",\"finish_reason\":\"end_token\"}");
            String chat =
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"there\"}],"
                            + " \"parameters\": {\"max_new_tokens\": 2}}";
            assertThat(predictor.predict(input(chat)).getData().getAsString())
                    .isEqualTo(
                            "{\"generated_text\":\" was a\",\"finish_reason\":\"max_new_tokens\"}");
            StreamOutput<Output> stream =
                    predictor.streamingPredict(
                            input("{\"inputs\": \"once\", \"parameters\": {\"stop\": \"tim\"}}"));
            Output output = stream.getAsyncOutput();
            stream.computeAsyncOutput();
            byte[] bytes = ((ChunkedBytesSupplier) output.getData()).getAsBytes();
            assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(" upon a ");
        }
    }

    private static Input input(String body) {
        Input input = new Input();
        input.add(body);
        return input;
    }

    @EachEngine(leavesNothingOpen = true)
    void criteria_argumentsAndChats_areHonoured(EngineUnderTest engine) throws Exception {
        write(engine);
        Files.writeString(directory.resolve("chat_template.jinja"), "{{ messages[-1].content }}");
        try (ZooModel<ChatMessage[], String> model =
                        criteria(engine)
                                .setTypes(ChatMessage[].class, String.class)
                                .optArgument("stop", " a")
                                .build()
                                .loadModel();
                Predictor<ChatMessage[], String> predictor = model.newPredictor()) {
            assertThat(predictor.predict(new ChatMessage[] {ChatMessage.user("once")}))
                    .isEqualTo(" upon");
        }
        TextGenerationTranslatorFactory factory = new TextGenerationTranslatorFactory();
        try (Model none = Model.newInstance("none", engine.engineName())) {
            assertThatThrownBy(
                            () -> factory.newInstance(Integer.class, String.class, none, Map.of()))
                    .hasMessage(
                            "text generation is from String, ChatMessage[] or Input to String,"
                                    + " TextStream or Output, not from java.lang.Integer to"
                                    + " java.lang.String");
        }
    }

    /** There are no weights in the directory: that would be the next error. */
    @EachEngine(leavesNothingOpen = true)
    void loadModel_tokenizerMissingOrDamaged_failsBeforeWeights(EngineUnderTest engine)
            throws Exception {
        Files.writeString(directory.resolve("config.json"), TinyLlama.CONFIG);
        Path tokenizer = directory.resolve("tokenizer.json");
        assertThatThrownBy(() -> criteria(engine).build().loadModel())
                .hasStackTraceContaining(
                        tokenizer + " is missing: text needs the tokenizer of the model");
        Files.writeString(tokenizer, TinyLlama.WORDS.substring(0, 300));
        assertThatThrownBy(() -> criteria(engine).build().loadModel())
                .hasStackTraceContaining(tokenizer + " is damaged, copy it again: ");
        Files.writeString(
                tokenizer, TinyLlama.WORDS.replace("\"was\": 7", "\"was\": 7, \"far\": 16"));
        assertThatThrownBy(() -> criteria(engine).build().loadModel())
                .hasStackTraceContaining(
                        tokenizer
                                + " has the token 'far' of id 16, but the model knows 16 tokens:"
                                + " the tokenizer belongs to another model, or the embedding table"
                                + " was not enlarged for added tokens");
    }

    @EachEngine(leavesNothingOpen = true)
    void of_fileThatIsNoTokenizer_isRefused(EngineUnderTest engine, NDManager manager)
            throws Exception {
        write(engine);
        Files.writeString(directory.resolve("tokenizer.json"), "{\"version\": \"1.0\"}");
        assertThatThrownBy(
                        () ->
                                TextGenerator.of(
                                        HuggingFaceModels.load(
                                                directory, manager, DataType.FLOAT32),
                                        manager,
                                        directory))
                .hasMessageStartingWith(
                        directory.resolve("tokenizer.json") + " cannot be read as a tokenizer: ");
    }
}

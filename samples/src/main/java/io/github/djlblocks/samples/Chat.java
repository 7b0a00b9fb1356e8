package io.github.djlblocks.samples;

import ai.djl.ModelException;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import io.github.djlblocks.huggingface.ChatMessage;
import io.github.djlblocks.huggingface.ChatOptions;
import io.github.djlblocks.huggingface.ChatSession;
import io.github.djlblocks.huggingface.ChatTemplate;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Talks with a chat model, line by line, and remembers what was said. */
@Command(
        name = "chat",
        sortOptions = false,
        description = {
            "Talks with a chat model: reads lines, prints answers as they are generated.",
            "/reset forgets what was said, /exit or the end of the input ends the chat."
        })
final class Chat extends Program {

    private static final String EXIT = "/exit";
    private static final String RESET = "/reset";

    @Parameters(
            paramLabel = "DIR",
            description = "Hugging Face directory of a model with a chat template.")
    private @Nullable Path model;

    @Mixin private EngineSettings where = new EngineSettings();

    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            description = "float32, float16, bfloat16, int8, int4. Default: as they are.")
    private @Nullable String weights;

    @Option(names = "--system", paramLabel = "TEXT", description = "Instructions to the model.")
    private @Nullable String system;

    @Mixin private TextSettings text = new TextSettings();

    private final Reader lines;

    Chat(Reader lines) {
        this.lines = lines;
    }

    @Override
    public Integer call() throws IOException, ModelException {
        Path directory = Objects.requireNonNull(model);
        Criteria.Builder<String, String> criteria =
                HuggingFaceModels.textGeneration(directory, where.engine(), where.device());
        // A model without a template is refused before it is loaded.
        ChatTemplate.of(directory);
        if (weights != null) {
            criteria.optArgument("weights", weights);
        }
        try (ZooModel<String, String> zooModel = criteria.build().loadModel();
                TextGenerator generator = TextGenerator.of(zooModel);
                ChatSession session =
                        generator.newChat(
                                ChatOptions.defaults(), text.apply(generator.textOptions()))) {
            if (system != null) {
                session.add(ChatMessage.system(system));
            }
            talk(session, new BufferedReader(lines));
        }
        return CommandLine.ExitCode.OK;
    }

    private void talk(ChatSession session, BufferedReader in) throws IOException {
        PrintWriter out = out();
        while (true) {
            out.print("> ");
            out.flush();
            String line = in.readLine();
            if (line == null || line.strip().equals(EXIT)) {
                out.println();
                return;
            }
            if (line.strip().equals(RESET)) {
                session.reset();
            } else if (!line.isBlank()) {
                answer(session, line.strip());
            }
        }
    }

    /** A turn that fails is said, and the chat goes on. */
    private void answer(ChatSession session, String line) {
        PrintWriter out = out();
        try {
            session.send(
                    ChatMessage.user(line),
                    piece -> {
                        out.print(piece);
                        out.flush();
                    });
            out.println();
        } catch (IllegalArgumentException | IllegalStateException e) {
            fail(e);
        }
    }
}

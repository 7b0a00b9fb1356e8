package io.github.djlblocks.huggingface;

import io.github.djlblocks.generate.PromptCache;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A chat turn by turn. It remembers the messages and what the model has read of them, so that a
 * turn costs what is new in it: where the template writes old messages as before, nothing is read
 * twice.
 *
 * <p>A turn that fails leaves the messages as they were. For one thread at a time.
 */
public final class ChatSession implements AutoCloseable {

    private final TextGenerator generator;
    private final PromptCache cache;
    private final ChatOptions chat;
    private final TextOptions options;
    private final List<ChatMessage> messages = new ArrayList<>();

    ChatSession(TextGenerator generator, PromptCache cache, ChatOptions chat, TextOptions options) {
        this.generator = generator;
        this.cache = cache;
        this.chat = chat;
        this.options = options;
    }

    /**
     * Adds a message that asks for no answer, such as that of the system.
     *
     * @param message the message
     * @return this session
     */
    public ChatSession add(ChatMessage message) {
        messages.add(message);
        return this;
    }

    /**
     * Says something and returns the answer.
     *
     * @param text what the user says
     * @return the answer
     */
    public TextGenerator.Result send(String text) {
        return send(ChatMessage.user(text), piece -> {});
    }

    /**
     * Says something and gives out the answer as it comes. Both are remembered.
     *
     * @param message what is said, by the user or a tool
     * @param pieces takes each piece of the answer
     * @return the answer
     * @throws IllegalArgumentException if the model has no chat template, it refuses the messages,
     *     or they do not fit the context
     * @throws IllegalStateException if the generator or the session is closed
     */
    public TextGenerator.Result send(ChatMessage message, Consumer<String> pieces) {
        List<ChatMessage> all = new ArrayList<>(messages);
        all.add(message);
        TextGenerator.Result answer = generator.chat(all, chat, options, pieces, cache);
        messages.add(message);
        messages.add(ChatMessage.assistant(answer.text()));
        return answer;
    }

    /**
     * Returns what was said.
     *
     * @return a copy, the oldest first
     */
    public List<ChatMessage> messages() {
        return List.copyOf(messages);
    }

    /** Forgets everything but the messages of the system. */
    public void reset() {
        messages.removeIf(message -> !message.role().equals("system"));
    }

    /** Frees what the model remembers of the chat. */
    @Override
    public void close() {
        generator.release(cache::close);
    }
}

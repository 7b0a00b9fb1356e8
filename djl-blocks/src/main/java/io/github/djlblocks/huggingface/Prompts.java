package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Prompts as tokens, special ones added once: by the tokenizer, or by a chat template. */
final class Prompts {

    private final HuggingFaceTokenizer tokenizer;
    private final Path directory;
    private @Nullable ChatTemplate template;

    Prompts(HuggingFaceTokenizer tokenizer, Path directory) {
        this.tokenizer = tokenizer;
        this.directory = directory;
    }

    long[] tokens(String prompt, boolean addSpecialTokens) {
        long[] ids = tokenizer.encode(prompt, addSpecialTokens, false).getIds();
        if (ids.length == 0) {
            throw new IllegalArgumentException(
                    "the prompt \"" + prompt + "\" gives no token: write at least one character");
        }
        return ids;
    }

    long[] chat(List<ChatMessage> messages, ChatOptions options) {
        return tokens(template().render(messages, options), false);
    }

    /** Read at the first chat: not every model has one, and not every one can be read. */
    private synchronized ChatTemplate template() {
        ChatTemplate known = template;
        if (known == null) {
            try {
                known = ChatTemplate.of(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            template = known;
        }
        return known;
    }
}

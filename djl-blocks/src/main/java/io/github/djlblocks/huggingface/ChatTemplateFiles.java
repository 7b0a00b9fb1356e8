package io.github.djlblocks.huggingface;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a directory keeps its chat templates, and the special tokens they print. */
final class ChatTemplateFiles {

    static final String DEFAULT = "default";

    private static final String CONFIG = "tokenizer_config.json";
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    private static final String FILE = "chat_template.jinja";
    private static final String FOLDER = "additional_chat_templates";
    private static final String SUFFIX = ".jinja";
    private static final String FIELD = "chat_template";

    private ChatTemplateFiles() {}

    /** The sources of a directory by name; none if it has none. */
    static Map<String, Source> sources(Path directory) throws IOException {
        Map<String, Source> sources = new LinkedHashMap<>();
        Path config = directory.resolve(CONFIG);
        if (Files.isRegularFile(config)) {
            add(sources, config + ": " + FIELD, JsonValues.read(config).get(FIELD));
        }
        // A file of its own wins over the field, as in transformers.
        Path file = directory.resolve(FILE);
        if (Files.isRegularFile(file)) {
            sources.put(DEFAULT, new Source(file.toString(), Files.readString(file)));
        }
        Path folder = directory.resolve(FOLDER);
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
                for (Path more : files) {
                    String name = String.valueOf(more.getFileName());
                    sources.put(
                            name.substring(0, name.length() - SUFFIX.length()),
                            new Source(more.toString(), Files.readString(more)));
                }
            }
        }
        return sources;
    }

    /** The text of a template and what errors call it. */
    record Source(String where, String text) {}

    private static void add(Map<String, Source> sources, String where, @Nullable Object field) {
        if (field instanceof String text) {
            sources.put(DEFAULT, new Source(where, text));
        } else if (field instanceof List<?> several) {
            for (Object entry : several) {
                if (!(entry instanceof Map<?, ?> map)
                        || !(map.get("name") instanceof String name)
                        || !(map.get("template") instanceof String text)) {
                    throw new IllegalArgumentException(
                            where + " (" + entry + ") must have a name and a template");
                }
                sources.put(name, new Source(where + " '" + name + "'", text));
            }
        } else if (field != null) {
            throw new IllegalArgumentException(where + " must be a template or a list of them");
        }
    }

    /** Every special token under its name, such as {@code bos_token}. */
    static Map<String, @Nullable Object> specialTokens(Path directory) throws IOException {
        Map<String, @Nullable Object> tokens = new LinkedHashMap<>();
        for (String name : List.of(SPECIAL_TOKENS, CONFIG)) {
            Path file = directory.resolve(name);
            if (Files.isRegularFile(file)) {
                JsonValues.read(file).forEach((field, value) -> addToken(tokens, field, value));
            }
        }
        return tokens;
    }

    private static void addToken(
            Map<String, @Nullable Object> tokens, String field, @Nullable Object value) {
        if (!field.endsWith("_token")) {
            return;
        }
        Object token = value instanceof Map<?, ?> added ? added.get("content") : value;
        if (token instanceof String) {
            tokens.put(field, token);
        }
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The tokenizer of a directory, checked against the vocabulary of its model. */
final class TokenizerFile {

    static final String NAME = "tokenizer.json";

    private long last = -1;
    private String lastToken = "";

    private TokenizerFile() {}

    /** Opens the tokenizer of a directory; close it. */
    static HuggingFaceTokenizer open(Path directory, int vocabularySize) throws IOException {
        Path file = check(directory, vocabularySize);
        try {
            return HuggingFaceTokenizer.newInstance(
                    file, Map.of("truncation", "false", "padding", "false"));
        } catch (RuntimeException e) {
            throw new IOException(file + " cannot be read as a tokenizer: " + e.getMessage(), e);
        }
    }

    /**
     * Reads the file without opening the tokenizer, which is cheap enough to do before weights are
     * loaded.
     */
    static Path check(Path directory, int vocabularySize) throws IOException {
        Path file = directory.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is missing: text needs the tokenizer of the model");
        }
        TokenizerFile found = new TokenizerFile();
        try (JsonReader json = new JsonReader(Files.newBufferedReader(file))) {
            found.read(json);
        } catch (MalformedJsonException | EOFException | IllegalStateException e) {
            throw new IOException(file + " is damaged, copy it again: " + e.getMessage(), e);
        }
        if (found.last >= vocabularySize) {
            throw new IllegalArgumentException(
                    file
                            + " has the token '"
                            + found.lastToken
                            + "' of id "
                            + found.last
                            + ", but the model knows "
                            + vocabularySize
                            + " tokens: the tokenizer belongs to another model, or the embedding"
                            + " table was not enlarged for added tokens");
        }
        return file;
    }

    private void read(JsonReader json) throws IOException {
        json.beginObject();
        while (json.hasNext()) {
            switch (json.nextName()) {
                case "added_tokens" -> added(json);
                case "model" -> model(json);
                default -> json.skipValue();
            }
        }
        json.endObject();
    }

    private void added(JsonReader json) throws IOException {
        if (json.peek() != JsonToken.BEGIN_ARRAY) {
            json.skipValue();
            return;
        }
        json.beginArray();
        while (json.hasNext()) {
            long id = -1;
            String content = "";
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "id" -> id = json.nextLong();
                    case "content" -> content = json.nextString();
                    default -> json.skipValue();
                }
            }
            json.endObject();
            see(content, id);
        }
        json.endArray();
    }

    private void model(JsonReader json) throws IOException {
        json.beginObject();
        while (json.hasNext()) {
            if (!json.nextName().equals("vocab")) {
                json.skipValue();
            } else if (json.peek() == JsonToken.BEGIN_OBJECT) {
                json.beginObject();
                while (json.hasNext()) {
                    String token = json.nextName();
                    see(token, json.nextLong());
                }
                json.endObject();
            } else {
                json.beginArray();
                for (long id = 0; json.hasNext(); id++) {
                    json.beginArray();
                    see(json.nextString(), id);
                    json.skipValue();
                    json.endArray();
                }
                json.endArray();
            }
        }
        json.endObject();
    }

    private void see(String token, long id) {
        if (id > last) {
            last = id;
            lastToken = token;
        }
    }
}

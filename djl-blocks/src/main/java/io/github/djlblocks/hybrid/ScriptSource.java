package io.github.djlblocks.hybrid;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the bytes of an archive come from: a file, or memory. */
final class ScriptSource {

    private final @Nullable Path file;
    private final byte[] content;

    private ScriptSource(@Nullable Path file, byte[] content) {
        this.file = file;
        this.content = content;
    }

    /** Does something with a file. */
    interface Use<T, E extends Exception> {
        T apply(Path file) throws IOException, E;
    }

    static ScriptSource of(Path file) {
        return new ScriptSource(file.toAbsolutePath(), new byte[0]);
    }

    static ScriptSource of(byte[] content) {
        return new ScriptSource(null, content.clone());
    }

    /** Uses the file, or one that has the content and is there as long. */
    <T, E extends Exception> T with(Use<T, E> use) throws IOException, E {
        if (file != null) {
            return use.apply(file);
        }
        Path temporary = Files.createTempFile("djl-blocks", ".pt");
        try {
            Files.write(temporary, content);
            return use.apply(temporary);
        } finally {
            Files.delete(temporary);
        }
    }

    @Override
    public String toString() {
        return file == null ? "a TorchScript archive in memory" : file.toString();
    }
}

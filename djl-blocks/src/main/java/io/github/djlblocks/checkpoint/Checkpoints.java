package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Opens a checkpoint, in one file or in many. */
public final class Checkpoints {

    /** The name of a checkpoint in one file. */
    public static final String SINGLE_FILE = "model.safetensors";

    /** The name of the file that says which shard holds which tensor. */
    public static final String INDEX_FILE = "model.safetensors.index.json";

    private static final int FILES_SHOWN = 10;

    private Checkpoints() {}

    /**
     * Opens a checkpoint.
     *
     * @param path a safetensors file, an index ({@code *.index.json}), or a directory with {@value
     *     #SINGLE_FILE} or else {@value #INDEX_FILE}
     * @return the open checkpoint; close it when everything is read
     * @throws FileNotFoundException if there is no such file, or the directory has neither
     * @throws IOException if a file cannot be read
     * @throws MalformedModelException if a file is damaged, or index and shards disagree
     */
    public static TensorSource open(Path path) throws IOException, MalformedModelException {
        if (Files.isDirectory(path)) {
            Path single = path.resolve(SINGLE_FILE);
            Path index = path.resolve(INDEX_FILE);
            if (Files.exists(single)) {
                return SafetensorsFile.open(single);
            }
            if (Files.exists(index)) {
                return ShardedCheckpoint.open(index);
            }
            throw new FileNotFoundException(
                    path
                            + " has neither "
                            + SINGLE_FILE
                            + " nor "
                            + INDEX_FILE
                            + ", but "
                            + listing(path)
                            + ": name the file itself, or convert the checkpoint to safetensors");
        }
        if (!Files.exists(path)) {
            throw new FileNotFoundException(
                    path
                            + " does not exist: give a safetensors file, or a directory with "
                            + SINGLE_FILE
                            + " or "
                            + INDEX_FILE);
        }
        return path.toString().endsWith(".index.json")
                ? ShardedCheckpoint.open(path)
                : SafetensorsFile.open(path);
    }

    private static String listing(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
            return names.stream()
                    .limit(FILES_SHOWN)
                    .collect(
                            Collectors.joining(
                                    ", ", "[", names.size() > FILES_SHOWN ? ", ...]" : "]"));
        }
    }
}

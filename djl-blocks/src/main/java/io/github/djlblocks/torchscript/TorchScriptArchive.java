package io.github.djlblocks.torchscript;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A TorchScript archive: a module that {@code torch.jit.load} and DJL's PyTorch engine load.
 *
 * <p>Reference: torch/csrc/jit/docs/serialization.md. The file format version is 10, the newest
 * that PyTorch 1.12 and later know: operators mean what they mean in today's PyTorch, and none is
 * rewritten on loading.
 */
final class TorchScriptArchive {

    private static final String ROOT = "archive/";
    private static final int BUFFER = 1 << 16;
    private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};
    private static final byte[] VERSION = "10\n".getBytes(StandardCharsets.US_ASCII);

    private final Map<String, String> texts;
    private final ModulePickle pickle;
    private final Map<String, byte[]> extra = new TreeMap<>();
    private final Map<String, String> functions = new TreeMap<>();

    /**
     * Creates the archive of a module.
     *
     * @throws IllegalArgumentException if two nodes of one class differ in more than values
     */
    TorchScriptArchive(ModuleNode root) {
        texts = ClassTexts.of(root);
        pickle = new ModulePickle(root);
    }

    /** Adds a file that travels along, {@code extra/} and its name in the archive. */
    TorchScriptArchive addExtra(String name, byte[] content) {
        if (name.isEmpty() || extra.putIfAbsent(name, content.clone()) != null) {
            throw new IllegalArgumentException(
                    "extra file '"
                            + name
                            + "' is there already or has no name: names must be unique");
        }
        return this;
    }

    /**
     * Adds functions of no class.
     *
     * @param namespace what their names begin with, as in {@code __torch__.djlblocks.kernels}
     * @param text their definitions, types on everything
     */
    TorchScriptArchive addFunctions(String namespace, String text) {
        String file = Identifiers.className(namespace).replace('.', '/') + ".py";
        if (texts.containsKey(file) || functions.putIfAbsent(file, text) != null) {
            throw new IllegalArgumentException(
                    "namespace " + namespace + " has a text already: give functions one of theirs");
        }
        return this;
    }

    /** The whole archive in memory; for modules whose tensors come from elsewhere. */
    byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("a tensor could not be read", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Writes the archive; leaves the stream open.
     *
     * @throws IOException if the stream or a tensor's content fails
     * @throws IllegalArgumentException if a tensor writes more or fewer bytes than its shape has
     */
    void write(OutputStream out) throws IOException {
        ZipWriter zip = new ZipWriter(out);
        zip.entry(ROOT + "version", VERSION);
        zip.entry(ROOT + "data.pkl", pickle.bytes());
        zip.entry(ROOT + "constants.pkl", NO_CONSTANTS);
        writeTexts(zip, texts);
        writeTexts(zip, functions);
        for (Map.Entry<String, byte[]> file : extra.entrySet()) {
            zip.entry(ROOT + "extra/" + file.getKey(), file.getValue());
        }
        for (Map.Entry<String, ModulePickle.Storage> entry : pickle.storages().entrySet()) {
            ModulePickle.Storage storage = entry.getValue();
            StoredTensor tensor = storage.tensor();
            zip.entry(
                    ROOT + "data/" + entry.getKey(),
                    tensor.byteLength(),
                    stream -> tensor.writeTo(storage.path(), stream));
        }
        zip.finish();
    }

    private static void writeTexts(ZipWriter zip, Map<String, String> files) throws IOException {
        for (Map.Entry<String, String> file : files.entrySet()) {
            zip.entry(
                    ROOT + "code/" + file.getKey(),
                    file.getValue().getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * Writes the archive beside its final place and moves it there at the end; on failure nothing
     * is left behind, and a file that was there before is untouched.
     *
     * @param path the file; replaced if it exists
     * @throws IOException if the file cannot be written or a tensor's content fails
     * @throws IllegalArgumentException if a tensor writes more or fewer bytes than its shape has
     */
    void write(Path path) throws IOException {
        Path target = path.toAbsolutePath();
        Path temporary =
                target.resolveSibling(
                        "." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                OutputStream out =
                        new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
                write(out);
                out.flush();
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}

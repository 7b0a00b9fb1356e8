package io.github.djlblocks.hybrid;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A module in a file of its own, and in the middle of a stream of parameters. */
final class ModuleStream {

    private static final int MAGIC = 0x54535054;
    private static final int VERSION = 1;
    private static final int BUFFER = 1 << 16;
    private static final int MOST_INPUTS = 1000;

    private ModuleStream() {}

    /** Writes a file beside its place and moves it there. */
    static void save(SharedModule module, Path file) throws IOException {
        Path target = file.toAbsolutePath();
        Path parent = target.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException(file + " cannot be written: its directory does not exist");
        }
        // Not createTempFile, whose files are their owner's alone, and stay so when they are moved.
        Path temporary =
                parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary))) {
                module.part().write(out);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    static void write(SharedModule module, Shape @Nullable [] inputs, DataOutputStream os)
            throws IOException {
        Path temporary = Files.createTempFile("djl-blocks", ".pt");
        try {
            save(module, temporary);
            os.writeInt(MAGIC);
            os.writeByte(VERSION);
            os.writeInt(inputs == null ? -1 : inputs.length);
            if (inputs != null) {
                for (Shape shape : inputs) {
                    os.write(shape.getEncoded());
                }
            }
            os.writeLong(Files.size(temporary));
            Files.copy(temporary, os);
        } finally {
            Files.delete(temporary);
        }
    }

    /** Reads what was written; returns the shapes of the inputs, if they were known. */
    static Shape @Nullable [] read(SharedModule module, NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        if (is.readInt() != MAGIC || is.readByte() != VERSION) {
            throw new MalformedModelException(
                    "what is read was not saved by a TorchScriptBlock of this version: the blocks"
                            + " must be those that were saved, in the same order");
        }
        int count = is.readInt();
        if (count < -1 || count > MOST_INPUTS) {
            throw new MalformedModelException("what was saved is damaged: " + count + " inputs");
        }
        Shape[] shapes = new Shape[Math.max(0, count)];
        for (int i = 0; i < shapes.length; i++) {
            shapes[i] = Shape.decode(is);
        }
        Path temporary = Files.createTempFile("djl-blocks", ".pt");
        try {
            copy(is, temporary, is.readLong());
            String difference = module.archive().difference(ScriptArchive.read(temporary));
            if (difference != null) {
                throw new MalformedModelException(
                        "what was saved is another module than " + module + ": " + difference);
            }
            module.load(manager, temporary);
        } finally {
            Files.delete(temporary);
        }
        return count < 0 ? null : shapes;
    }

    private static void copy(DataInputStream in, Path file, long size) throws IOException {
        byte[] buffer = new byte[BUFFER];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long rest = size; rest > 0; ) {
                int read = in.read(buffer, 0, (int) Math.min(BUFFER, rest));
                if (read < 0) {
                    throw new EOFException(
                            "what was saved ends " + rest + " bytes before the module does");
                }
                out.write(buffer, 0, read);
                rest -= read;
            }
        }
    }
}

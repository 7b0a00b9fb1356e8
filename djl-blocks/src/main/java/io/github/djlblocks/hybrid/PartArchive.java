package io.github.djlblocks.hybrid;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * A module inside a module of ours, and out again. Ours has the methods that Java calls; the one
 * inside, its classes and its tensors stay as they are, byte by byte.
 */
final class PartArchive {

    /** The class around a module. */
    static final String CLASS = "__torch__.djlblocks.hybrid.Part";

    /** The attribute that holds it; a name no other attribute has, so none shares its memo. */
    static final String ATTRIBUTE = "djlblocks_part";

    private static final String CODE = "code/__torch__/djlblocks/hybrid.py";
    private static final String PICKLE = "data.pkl";
    private static final int HEADER = 2;

    private PartArchive() {}

    /** Writes an archive with a module around that of another. */
    static void wrap(Path source, Path target, String code) throws IOException {
        try (ZipFile zip = new ZipFile(source.toFile());
                ZipOutputStream out = output(target)) {
            for (ZipEntry entry : zip.stream().toList()) {
                String name = entry.getName();
                if (isRoot(name, PICKLE)) {
                    byte[] inner = ScriptArchive.bytes(zip, entry);
                    put(out, name, wrapped(inner));
                    put(
                            out,
                            name.substring(0, name.length() - PICKLE.length()) + CODE,
                            code.getBytes(StandardCharsets.UTF_8));
                } else if (!name.endsWith(".debug_pkl")) {
                    copy(zip, entry, out);
                }
            }
        }
    }

    /** Writes an archive with the module that another has inside of ours. */
    static void unwrap(Path source, OutputStream target) throws IOException {
        try (ZipFile zip = new ZipFile(source.toFile())) {
            ZipOutputStream out = new ZipOutputStream(target);
            for (ZipEntry entry : zip.stream().toList()) {
                String name = entry.getName();
                if (isRoot(name, PICKLE)) {
                    put(out, name, unwrapped(ScriptArchive.bytes(zip, entry)));
                } else if (!isRoot(name, CODE) && !name.endsWith(".debug_pkl")) {
                    copy(zip, entry, out);
                }
            }
            out.finish();
        }
    }

    private static boolean isRoot(String name, String file) {
        return name.endsWith("/" + file) && name.indexOf('/') == name.length() - file.length() - 1;
    }

    /** The object of our class around the bytes of another, without its first two and its last. */
    private static byte[] wrapped(byte[] inner) {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(inner, 0, HEADER);
        int dot = CLASS.lastIndexOf('.');
        ascii(pickle, "c" + CLASS.substring(0, dot) + "\n" + CLASS.substring(dot + 1) + "\n");
        ascii(pickle, ")\u0081}(");
        string(pickle, ATTRIBUTE);
        pickle.write(inner, HEADER, inner.length - HEADER - 1);
        string(pickle, "training");
        ascii(pickle, "\u0088");
        emptyList(pickle, "box", "List[Tensor]");
        emptyList(pickle, "names", "List[str]");
        ascii(pickle, "ub.");
        return pickle.toByteArray();
    }

    private static void emptyList(ByteArrayOutputStream pickle, String name, String type) {
        string(pickle, name);
        ascii(pickle, "ctorch.jit._pickle\nrestore_type_tag\n(]");
        string(pickle, type);
        ascii(pickle, "tR");
    }

    private static void ascii(ByteArrayOutputStream pickle, String text) {
        pickle.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void string(ByteArrayOutputStream pickle, String text) {
        ascii(pickle, "X" + (char) text.length() + "\0\0\0" + text);
    }

    private static byte[] unwrapped(byte[] pickle) throws IOException {
        if (!(PickleReader.read(pickle) instanceof PickleReader.Instance part)
                || part.spans().get(ATTRIBUTE) == null) {
            throw new IOException("the engine wrote a module that is not the one it was given");
        }
        PickleReader.Span span = part.spans().get(ATTRIBUTE);
        ByteArrayOutputStream inner = new ByteArrayOutputStream();
        inner.write(pickle, 0, HEADER);
        inner.write(pickle, span.start(), span.end() - span.start());
        inner.write('.');
        return inner.toByteArray();
    }

    private static ZipOutputStream output(Path target) throws IOException {
        return new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(target)));
    }

    private static void put(ZipOutputStream out, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        out.putNextEntry(stored(name, content.length, crc.getValue()));
        out.write(content);
        out.closeEntry();
    }

    private static void copy(ZipFile zip, ZipEntry entry, ZipOutputStream out) throws IOException {
        out.putNextEntry(stored(entry.getName(), entry.getSize(), entry.getCrc()));
        try (InputStream in = zip.getInputStream(entry)) {
            in.transferTo(out);
        }
        out.closeEntry();
    }

    private static ZipEntry stored(String name, long size, long crc) {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(size);
        entry.setCrc(crc);
        return entry;
    }
}

package io.github.djlblocks.samples.bench;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A TorchScript module without state, from its text. */
final class ScriptText implements AutoCloseable {

    /** Pickle of an object of class {@code __torch__.M} whose state is {@code training: False}. */
    private static final byte[] STATE =
            "\u0080\u0002c__torch__\nM\nq\0)\u0081}(X\u0008\0\0\0training\u0089ub."
                    .getBytes(StandardCharsets.ISO_8859_1);

    /** Pickle of an empty tuple. */
    private static final byte[] CONSTANTS = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

    private final PtSymbolBlock module;
    private final PtNDManager manager;

    private ScriptText(PtSymbolBlock module, PtNDManager manager) {
        this.module = module;
        this.manager = manager;
    }

    /** Compiles the text of class M. */
    static ScriptText of(PtNDManager manager, String code) {
        try (InputStream archive = new ByteArrayInputStream(archive(code))) {
            return new ScriptText(JniUtils.loadModule(manager, archive, false, false), manager);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text of a resource beside this class. */
    static String resource(String name) {
        try (InputStream stream = ScriptText.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("resource " + name + " is missing");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a method; the caller closes what it returns. */
    IValue run(String method, IValue... arguments) {
        return IValueUtils.runMethod(module, method, arguments);
    }

    /** Runs a method that returns a tensor of a type that DJL knows, and reads all of it. */
    float[] runToHost(String method, IValue... arguments) {
        try (IValue result = run(method, arguments);
                PtNDArray array = result.toTensor(manager)) {
            return array.toFloatArray();
        }
    }

    @Override
    public void close() {
        module.close();
    }

    private static byte[] archive(String code) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "m/data.pkl", STATE);
            put(zip, "m/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            put(zip, "m/constants.pkl", CONSTANTS);
            put(zip, "m/version", "10\n".getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}

package io.github.djlblocks.torchscript;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The instructions of a pickle (protocol 2) that a TorchScript module needs.
 *
 * <p>Reference: torch/csrc/jit/serialization/unpickler.cpp; Python's pickletools names them.
 */
final class PickleWriter {

    private final LittleEndian out = new LittleEndian();
    private int remembered;

    PickleWriter() {
        op(0x80); // PROTO
        op(2);
    }

    byte[] finish() {
        op('.');
        return out.toBytes();
    }

    /** Names a class or function. */
    void global(String module, String name) {
        op('c');
        out.bytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Names a class by its whole name. */
    void global(String qualified) {
        int dot = qualified.lastIndexOf('.');
        global(qualified.substring(0, dot), qualified.substring(dot + 1));
    }

    void string(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        op('X');
        out.int32(utf8.length);
        out.bytes(utf8);
    }

    void integer(long value) {
        if (value == (int) value) {
            op('J');
            out.int32((int) value);
        } else {
            op(0x8A); // LONG1
            op(Long.BYTES);
            out.int64(value);
        }
    }

    /** The one number of a pickle that is big-endian. */
    void float64(double value) {
        op('G');
        out.int64(Long.reverseBytes(Double.doubleToRawLongBits(value)));
    }

    void bool(boolean value) {
        op(value ? 0x88 : 0x89);
    }

    void tuple(Runnable elements) {
        op('(');
        elements.run();
        op('t');
    }

    void integers(long[] values) {
        tuple(
                () -> {
                    for (long value : values) {
                        integer(value);
                    }
                });
    }

    /**
     * A String, Long, Double, Boolean, or a list of them of a TorchScript type; PyTorch reads lists
     * without one as lists of anything.
     *
     * @throws IllegalArgumentException if it is anything else
     */
    void value(String type, Object value) {
        if (value instanceof String text) {
            string(text);
        } else if (value instanceof Long number) {
            integer(number);
        } else if (value instanceof Double number) {
            float64(number);
        } else if (value instanceof Boolean flag) {
            bool(flag);
        } else if (value instanceof List<?> values) {
            list(type, values);
        } else {
            throw new IllegalArgumentException(
                    value.getClass()
                            + " has no form in a pickle: use a String, Long, Double or"
                            + " Boolean, or a list of them");
        }
    }

    private void list(String type, List<?> values) {
        String element = type.substring("List[".length(), type.length() - 1);
        global("torch.jit._pickle", "restore_type_tag");
        tuple(
                () -> {
                    op(']');
                    op('(');
                    values.forEach(each -> value(element, each));
                    op('e');
                    string(type);
                });
        reduce();
    }

    /** Calls the function below the arguments. */
    void reduce() {
        op('R');
    }

    /** Replaces a tuple by what the archive holds under it. */
    void persistent() {
        op('Q');
    }

    /** An object of a class, with its attributes: names and values in turn. */
    void object(String className, Runnable attributes) {
        global(className);
        op(')');
        op(0x81); // NEWOBJ
        op('}');
        op('(');
        attributes.run();
        op('u');
        op('b');
    }

    /** Keeps what was just written; the number is for {@link #recall}. */
    int remember() {
        op('r');
        out.int32(remembered);
        return remembered++;
    }

    void recall(int number) {
        op('j');
        out.int32(number);
    }

    private void op(int code) {
        out.int8(code);
    }
}

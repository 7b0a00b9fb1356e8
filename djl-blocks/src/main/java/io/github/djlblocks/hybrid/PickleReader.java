package io.github.djlblocks.hybrid;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the pickle of a TorchScript module as data: nothing that it names is looked up or run.
 *
 * <p>It knows the instructions that PyTorch writes (torch/csrc/jit/serialization/pickler.cpp); what
 * else a pickle could hold is an error.
 */
final class PickleReader {

    private static final Object NONE = new Object();
    private static final Object MARK = new Object();

    private final ByteBuffer in;
    private final List<Item> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    /** A class or function by its name. */
    record Global(String name) {}

    record Tuple(List<Object> elements) {}

    /** What a call gives that is no tensor. */
    record Called(String function, List<Object> arguments) {}

    /** The bytes of tensors: the name of their type, and where the archive has them. */
    record Storage(String type, String key, long elements) {}

    record Tensor(Storage storage, long offset, List<Long> shape, List<Long> strides) {}

    /** An object; {@code starts} says at which byte the value of an attribute begins. */
    record Instance(String className, Map<String, Object> attributes, Map<String, Span> spans) {}

    /** Bytes from {@code start} up to {@code end}. */
    record Span(int start, int end) {}

    private record Item(Object value, int start) {}

    private record Entries(Map<String, Object> values, Map<String, Span> spans) {}

    private PickleReader(byte[] bytes) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads a pickle.
     *
     * @throws IllegalArgumentException if it is damaged, or has an instruction PyTorch never writes
     */
    static Object read(byte[] bytes) {
        PickleReader reader = new PickleReader(bytes);
        try {
            return reader.run();
        } catch (IndexOutOfBoundsException | BufferUnderflowException | ClassCastException e) {
            throw new IllegalArgumentException(
                    "its pickle is damaged near byte " + reader.in.position(), e);
        }
    }

    private Object run() {
        while (true) {
            int start = in.position();
            int code = in.get() & 0xFF;
            if (code == '.') {
                return pop();
            }
            step(code, start);
        }
    }

    private void step(int code, int start) {
        switch (code) {
            case 0x80 -> in.get();
            case 'c' -> push(new Global(line() + "." + line()), start);
            case 'q' -> memo.put(in.get() & 0xFF, top());
            case 'r' -> memo.put(in.getInt(), top());
            case 'h' -> push(recall(in.get() & 0xFF), start);
            case 'j' -> push(recall(in.getInt()), start);
            case '(' -> push(MARK, start);
            case ')' -> push(new Tuple(List.of()), start);
            case 't' -> tuple(items());
            case 0x85 -> tuple(last(1));
            case 0x86 -> tuple(last(2));
            case 0x87 -> tuple(last(3));
            case ']' -> push(new ArrayList<Object>(), start);
            case 'a' -> append(last(1));
            case 'e' -> append(items());
            case '}' -> push(new Entries(new LinkedHashMap<>(), new LinkedHashMap<>()), start);
            case 's' -> entries(last(2), start);
            case 'u' -> entries(items(), start);
            case 0x81 -> instance();
            case 'b' -> build();
            case 'R' -> call();
            case 'Q' -> storage();
            default -> push(scalar(code), start);
        }
    }

    private Object scalar(int code) {
        return switch (code) {
            case 'N' -> NONE;
            case 0x88 -> true;
            case 0x89 -> false;
            case 'J' -> (long) in.getInt();
            case 'K' -> (long) (in.get() & 0xFF);
            case 'M' -> (long) (in.getShort() & 0xFFFF);
            case 0x8A -> longer();
            case 'G' -> Double.longBitsToDouble(Long.reverseBytes(in.getLong()));
            case 'X' -> text(in.getInt());
            case 'U' -> text(in.get() & 0xFF);
            default ->
                    throw new IllegalArgumentException(
                            String.format(
                                    "its pickle has instruction 0x%02X at byte %d, which PyTorch"
                                            + " writes in no TorchScript file",
                                    code, in.position() - 1));
        };
    }

    private long longer() {
        int length = in.get();
        long value = 0;
        for (int i = 0; i < length; i++) {
            int digit = i == length - 1 ? in.get() : in.get() & 0xFF;
            value |= (long) digit << (8 * i);
        }
        return value;
    }

    private String text(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new IndexOutOfBoundsException(length);
        }
        byte[] utf8 = new byte[length];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private String line() {
        int from = in.position();
        while (in.get() != '\n') {
            // a name ends with its line
        }
        return new String(in.array(), from, in.position() - from - 1, StandardCharsets.UTF_8);
    }

    private void push(Object value, int start) {
        stack.add(new Item(value, start));
    }

    private Object pop() {
        return stack.remove(stack.size() - 1).value();
    }

    private Object top() {
        return stack.get(stack.size() - 1).value();
    }

    private Object recall(int number) {
        Object value = memo.get(number);
        if (value == null) {
            throw new IndexOutOfBoundsException(number);
        }
        return value;
    }

    private List<Item> last(int count) {
        List<Item> tail = stack.subList(stack.size() - count, stack.size());
        List<Item> items = new ArrayList<>(tail);
        tail.clear();
        return items;
    }

    @SuppressWarnings("ReferenceEquality") // the mark is one object
    private List<Item> items() {
        int at = stack.size() - 1;
        while (stack.get(at).value() != MARK) {
            at--;
        }
        List<Item> items = last(stack.size() - at);
        return items.subList(1, items.size());
    }

    private void tuple(List<Item> items) {
        int start = items.isEmpty() ? in.position() : items.get(0).start();
        push(new Tuple(items.stream().map(Item::value).toList()), start);
    }

    @SuppressWarnings("unchecked") // a cast that fails is a damaged pickle
    private void append(List<Item> items) {
        List<Object> list = (List<Object>) top();
        items.forEach(item -> list.add(item.value()));
    }

    private void entries(List<Item> items, int end) {
        Entries entries = (Entries) top();
        for (int i = 0; i + 1 < items.size(); i += 2) {
            String key = String.valueOf(items.get(i).value());
            entries.values().put(key, items.get(i + 1).value());
            int next = i + 2 < items.size() ? items.get(i + 2).start() : end;
            entries.spans().put(key, new Span(items.get(i + 1).start(), next));
        }
    }

    private void instance() {
        List<Item> items = last(2);
        String name = ((Global) items.get(0).value()).name();
        push(
                new Instance(name, new LinkedHashMap<>(), new LinkedHashMap<>()),
                items.get(0).start());
    }

    private void build() {
        Object state = pop();
        if (state instanceof Entries entries && top() instanceof Instance instance) {
            instance.attributes().putAll(entries.values());
            instance.spans().putAll(entries.spans());
        }
    }

    private void call() {
        List<Item> items = last(2);
        String function = ((Global) items.get(0).value()).name();
        List<Object> arguments = ((Tuple) items.get(1).value()).elements();
        push(called(function, arguments), items.get(0).start());
    }

    private static Object called(String function, List<Object> arguments) {
        if (function.equals("torch._utils._rebuild_tensor_v2")) {
            return new Tensor(
                    (Storage) arguments.get(0),
                    (Long) arguments.get(1),
                    integers(arguments.get(2)),
                    integers(arguments.get(3)));
        }
        if (function.equals("torch.jit._pickle.restore_type_tag")) {
            return arguments.get(0);
        }
        return new Called(function, arguments);
    }

    private static List<Long> integers(Object tuple) {
        return ((Tuple) tuple).elements().stream().map(Long.class::cast).toList();
    }

    private void storage() {
        Item item = last(1).get(0);
        List<Object> parts = ((Tuple) item.value()).elements();
        String type = ((Global) parts.get(1)).name();
        push(
                new Storage(
                        type.substring(type.lastIndexOf('.') + 1),
                        (String) parts.get(2),
                        (Long) parts.get(4)),
                item.start());
    }

    /** The value of an attribute, or null for Python's None. */
    @SuppressWarnings("ReferenceEquality") // None is one object
    static @Nullable Object orNull(@Nullable Object value) {
        return value == NONE ? null : value;
    }
}

package io.github.djlblocks.hybrid;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.StoredType;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * What a TorchScript file says of its module without an engine: its methods, and the names, types
 * and shapes of its tensors.
 *
 * @param rootClass the class of the module
 * @param classes all classes, by name
 * @param state the tensors of the {@code state_dict}, in the order of the file
 */
record ScriptArchive(String rootClass, Map<String, ScriptClass> classes, List<StateEntry> state) {

    /**
     * Reads a file.
     *
     * @throws MalformedModelException if it is no TorchScript file, or a damaged one
     * @throws IOException if it cannot be read
     */
    static ScriptArchive read(Path file) throws IOException, MalformedModelException {
        if (!Files.isRegularFile(file)) {
            throw new FileNotFoundException(
                    file + (Files.exists(file) ? " is no file" : " does not exist"));
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return new Reader(file, zip).read();
        } catch (ZipException e) {
            throw malformed(file, "it is no zip archive (" + e.getMessage() + ")", e);
        } catch (IllegalArgumentException e) {
            throw malformed(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static MalformedModelException malformed(Path file, String why, Exception cause) {
        return new MalformedModelException(
                file
                        + " is no TorchScript file that can be read: "
                        + why
                        + "; write one with torch.jit.script(model).save(path), or torch.jit.trace",
                cause);
    }

    ScriptClass root() {
        ScriptClass root = classes.get(rootClass);
        if (root == null) {
            throw new IllegalStateException(rootClass);
        }
        return root;
    }

    /**
     * Returns a method.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    ScriptClass.Method method(String name) {
        ScriptClass.Method method = root().methods().get(name);
        if (method == null) {
            throw new IllegalArgumentException(
                    "module "
                            + rootClass
                            + " has no method '"
                            + name
                            + "', it has "
                            + root().methods().values());
        }
        return method;
    }

    /** Says in what another module differs from this one but for values, or null. */
    @Nullable String difference(ScriptArchive other) {
        for (int i = 0; i < Math.max(state.size(), other.state.size()); i++) {
            StateEntry own = i < state.size() ? state.get(i) : null;
            StateEntry its = i < other.state.size() ? other.state.get(i) : null;
            if (!Objects.equals(own, its)) {
                return "it has "
                        + (its == null ? "no more tensors" : "tensor " + its.describe())
                        + " where "
                        + (own == null ? "there is none" : own.describe() + " is")
                        + " here";
            }
        }
        String methods = root().methods().values().toString();
        String its = other.root().methods().values().toString();
        return methods.equals(its) ? null : "it has methods " + its + ", not " + methods;
    }

    /** Reads one archive. */
    private static final class Reader {

        private final Path file;
        private final ZipFile zip;
        private final String prefix;
        private final Map<String, ScriptClass> classes = new LinkedHashMap<>();
        private final List<StateEntry> state = new ArrayList<>();
        private final Map<List<Object>, String> seen = new HashMap<>();

        Reader(Path file, ZipFile zip) {
            this.file = file;
            this.zip = zip;
            prefix = prefix(zip);
        }

        ScriptArchive read() throws IOException, MalformedModelException {
            if (zip.getEntry(prefix + "constants.pkl") == null) {
                throw new IllegalArgumentException(
                        "it has tensors but no code, as torch.save writes it");
            }
            for (ZipEntry entry : zip.stream().toList()) {
                String code = prefix + "code/";
                if (entry.getName().startsWith(code) && entry.getName().endsWith(".py")) {
                    String name = entry.getName();
                    String namespace =
                            name.substring(code.length(), name.length() - 3).replace('/', '.');
                    classes.putAll(
                            ScriptClass.parse(
                                    namespace,
                                    new String(bytes(zip, entry), StandardCharsets.UTF_8)));
                }
            }
            ZipEntry pickle = zip.getEntry(prefix + "data.pkl");
            Object root = PickleReader.read(bytes(zip, pickle));
            if (!(root instanceof PickleReader.Instance module)
                    || !classes.containsKey(module.className())) {
                throw new IllegalArgumentException("what it holds is no module");
            }
            walk("", module);
            return new ScriptArchive(module.className(), Map.copyOf(classes), List.copyOf(state));
        }

        private void walk(String path, PickleReader.Instance module) {
            ScriptClass type = classes.get(module.className());
            if (type == null) {
                return;
            }
            module.attributes()
                    .forEach(
                            (name, value) -> {
                                if (value instanceof PickleReader.Instance child) {
                                    walk(path + name + ".", child);
                                } else if (value instanceof PickleReader.Tensor tensor
                                        && (type.parameters().contains(name)
                                                || type.buffers().contains(name))) {
                                    add(path + name, tensor, type.parameters().contains(name));
                                }
                            });
        }

        private void add(String path, PickleReader.Tensor tensor, boolean isParameter) {
            PickleReader.Storage storage = tensor.storage();
            StoredType type = StateEntry.type(storage.type());
            long[] extents = tensor.shape().stream().mapToLong(Long::longValue).toArray();
            if (type != null) {
                requireBytes(path, storage, type);
            }
            List<Object> place =
                    List.of(
                            storage.key(),
                            tensor.offset(),
                            tensor.shape(),
                            tensor.strides(),
                            isParameter);
            Shape shape = new Shape(extents);
            boolean empty = shape.size() == 0;
            String first = empty ? null : seen.putIfAbsent(place, path);
            state.add(new StateEntry(path, isParameter, type, shape, first));
        }

        private void requireBytes(String path, PickleReader.Storage storage, StoredType type) {
            ZipEntry entry = zip.getEntry(prefix + "data/" + storage.key());
            long expected = storage.elements() * type.byteSize();
            if (entry == null || entry.getSize() != expected) {
                throw new IllegalArgumentException(
                        "tensor '"
                                + path
                                + "' needs "
                                + expected
                                + " bytes, but the file has "
                                + (entry == null ? "none" : entry.getSize())
                                + " for it");
            }
        }

        private String prefix(ZipFile archive) {
            return archive.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith("/data.pkl"))
                    .map(name -> name.substring(0, name.length() - "data.pkl".length()))
                    .filter(name -> name.indexOf('/') == name.length() - 1)
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    new IllegalArgumentException(
                                            file.getFileName()
                                                    + " is a zip archive without data.pkl"));
        }
    }

    static byte[] bytes(ZipFile zip, ZipEntry entry) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }
}

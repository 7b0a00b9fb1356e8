package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.ArrayTensors;
import io.github.djlblocks.checkpoint.TensorSource;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The module of a file, and the parameters that all blocks of it have in common: each adds a call
 * to the text around it.
 */
final class SharedModule {

    private final ScriptSource source;
    private final ScriptArchive archive;
    private final ModuleParameters parameters;
    private final Set<String> codes = new LinkedHashSet<>();
    private @Nullable Loaded loaded;

    SharedModule(ScriptSource source, ScriptArchive archive, Predicate<String> trainable) {
        this.source = source;
        this.archive = archive;
        parameters = new ModuleParameters(archive.state(), trainable);
    }

    ScriptArchive archive() {
        return archive;
    }

    /** Path to parameter; one that is tied is there under each of its paths. */
    synchronized Map<String, Parameter> parameters() {
        return parameters.all();
    }

    synchronized boolean trains() {
        return parameters.trains();
    }

    synchronized void setTrainable(Predicate<String> trainable) {
        parameters.setTrainable(trainable);
    }

    synchronized void addCode(String code) {
        codes.add(code);
    }

    /** Whether it is in memory. A block around this one that was cleared closed the parameters. */
    synchronized boolean isLoaded() {
        if (loaded != null && !parameters.haveValues()) {
            close();
        }
        return loaded != null;
    }

    /** Loads the file, unless something is loaded already. */
    synchronized void load(NDManager manager) {
        if (!isLoaded()) {
            try {
                replace(source.with(file -> load(file, manager)));
            } catch (IOException e) {
                throw new IllegalStateException(source + " cannot be read any more: " + e, e);
            }
        }
    }

    /** Loads another file of the same module in place of what is loaded. */
    synchronized void load(NDManager manager, Path file) throws IOException {
        replace(load(file, manager));
    }

    private Loaded load(Path file, NDManager manager) throws IOException {
        NativePart part = part(file, manager.getDevice());
        NDManager tensors = part.manager().getEngine().newBaseManager(part.device());
        boolean done = false;
        try {
            List<NDArray> state = tied(part.state(tensors));
            part.bind(state);
            done = true;
            return new Loaded(manager, part, tensors, state);
        } finally {
            if (!done) {
                tensors.close();
                part.close();
            }
        }
    }

    private NativePart part(Path file, Device device) throws IOException {
        try {
            return NativePart.load(file, PartCode.of(archive, codes), device);
        } catch (EngineException | UnsupportedOperationException e) {
            throw new IllegalArgumentException(
                    source
                            + " cannot be loaded by this build of PyTorch: "
                            + EngineErrors.reason(e),
                    e);
        }
    }

    /** Two tensors of one memory have memory of their own when PyTorch reads them. */
    private List<NDArray> tied(List<NDArray> state) {
        Map<String, NDArray> byPath = new LinkedHashMap<>();
        List<NDArray> tied = new ArrayList<>();
        for (int i = 0; i < state.size(); i++) {
            StateEntry entry = archive.state().get(i);
            NDArray own = state.get(i);
            NDArray first = entry.sameAs() == null ? null : byPath.get(entry.sameAs());
            if (first != null && !PartCode.isBindable(entry)) {
                throw new IllegalArgumentException(
                        "tensor '"
                                + entry.path()
                                + "' is tied to '"
                                + entry.sameAs()
                                + "' but has no name that TorchScript can assign to: untie it, or"
                                + " give it a name that is an identifier");
            }
            if (first != null) {
                own.close();
            }
            byPath.put(entry.path(), first == null ? own : first);
            tied.add(first == null ? own : first);
        }
        return tied;
    }

    private void requireBindable() {
        for (StateEntry entry : archive.state()) {
            if (!PartCode.isBindable(entry)) {
                throw new IllegalArgumentException(
                        "tensor '"
                                + entry.path()
                                + "' has no name that TorchScript can assign to, so no block can be"
                                + " added to the module when it is loaded: do it before");
            }
        }
    }

    private void replace(Loaded next) {
        boolean attached = false;
        try {
            next.attach();
            attached = true;
        } finally {
            if (!attached) {
                next.close();
            }
        }
        close();
        loaded = next;
        next.bind();
    }

    /** A call of a block, which may have come after the module was loaded. */
    synchronized ModuleCall call(String code) {
        Loaded now = require();
        if (now.calls < codes.size()) {
            now.extend();
        }
        return new ModuleCall(now.part, number(code));
    }

    private int number(String code) {
        return List.copyOf(codes).indexOf(code);
    }

    synchronized NativePart part() {
        return require().part;
    }

    /** The state_dict as it is now; a module may put another tensor in the place of one. */
    synchronized TensorSource tensors() {
        NativePart part = require().part;
        NDManager own = part.manager().newSubManager();
        Map<String, NDArray> arrays = byPath(part.state(own));
        archive.state().stream()
                .filter(entry -> entry.sameAs() != null)
                .forEach(entry -> arrays.remove(entry.path()));
        return new ArrayTensors(toString(), arrays, own);
    }

    /** By path; those DJL cannot hold are left out. */
    private Map<String, NDArray> byPath(List<NDArray> state) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (int i = 0; i < state.size(); i++) {
            StateEntry entry = archive.state().get(i);
            if (entry.dataType() != null) {
                arrays.put(entry.path(), state.get(i));
            }
        }
        return arrays;
    }

    /** Writes other numbers into the tensors: those that are read, once all are. */
    synchronized void write(StateLoad.Reading reading) {
        NativePart part = require().part;
        try (NDManager own = part.manager().newSubManager()) {
            Map<String, NDArray> read = reading.read(own);
            part.write(StateLoad.replaced(archive.state(), part.state(own), read));
        }
    }

    private Loaded require() {
        if (!isLoaded() || loaded == null) {
            throw new IllegalStateException(
                    source
                            + " is not loaded: call initialize(manager, dataType, shapes) or"
                            + " loadParameters first, on a manager that is open");
        }
        return loaded;
    }

    /** Runs something on a module of its own, if none is loaded. */
    <T> T withCall(String code, Function<ModuleCall, T> body) {
        ModuleCall known;
        synchronized (this) {
            known = isLoaded() ? call(code) : null;
        }
        if (known != null) {
            return body.apply(known);
        }
        try {
            return source.with(
                    file -> {
                        try (NativePart own = part(file, Device.cpu())) {
                            return body.apply(new ModuleCall(own, number(code)));
                        }
                    });
        } catch (IOException e) {
            throw new IllegalStateException(source + " cannot be read any more: " + e, e);
        }
    }

    synchronized void close() {
        Loaded old = loaded;
        loaded = null;
        if (old != null) {
            old.close();
        }
    }

    @Override
    public String toString() {
        return source.toString();
    }

    /** What is in the engine's memory. */
    private final class Loaded implements AutoCloseable {

        private final NDManager owner;
        private final String id = NDManager.nextUid();
        private final NDManager tensors;
        private final List<NDArray> state;
        private NativePart part;
        private int calls;
        private boolean isBound;

        Loaded(NDManager owner, NativePart part, NDManager tensors, List<NDArray> state) {
            this.owner = owner;
            this.part = part;
            this.tensors = tensors;
            this.state = state;
            calls = codes.size();
        }

        /** Puts a text with further calls around the module as it is now. */
        void extend() {
            requireBindable();
            try {
                Path file = Files.createTempFile("djl-blocks", ".pt");
                try {
                    try (OutputStream out = Files.newOutputStream(file)) {
                        part.write(out);
                    }
                    NativePart next = SharedModule.this.part(file, part.device());
                    try (NDManager own = part.manager().newSubManager()) {
                        next.bind(part.state(own));
                    }
                    part.close();
                    part = next;
                    calls = codes.size();
                } finally {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("a block cannot be added to " + source, e);
            }
        }

        void attach() {
            owner.attachInternal(id, this);
        }

        void bind() {
            isBound = true;
            byPath(state).forEach((path, array) -> parameters.bind(owner, path, array));
            parameters.all();
        }

        /** Is called by the manager, too. */
        @Override
        public void close() {
            boolean wasBound;
            synchronized (SharedModule.this) {
                wasBound = isBound;
                isBound = false;
                if (Objects.equals(loaded, this)) {
                    loaded = null;
                }
            }
            owner.detachInternal(id);
            if (wasBound) {
                parameters.close();
            }
            part.close();
            tensors.close();
        }
    }
}

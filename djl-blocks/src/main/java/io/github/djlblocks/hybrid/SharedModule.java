package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.FrozenParameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The module of a file, and the parameters that all blocks of it have in common. Every text around
 * it is a module of its own in the engine, with the tensors of the first.
 */
final class SharedModule {

    private final ScriptSource source;
    private final ScriptArchive archive;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Set<String> codes = new LinkedHashSet<>();
    private @Nullable Loaded loaded;

    SharedModule(ScriptSource source, ScriptArchive archive, Predicate<String> trainable) {
        this.source = source;
        this.archive = archive;
        for (StateEntry entry : archive.state()) {
            if (!entry.isTrainable()) {
                continue;
            }
            Parameter first = entry.sameAs() == null ? null : parameters.get(entry.sameAs());
            Parameter parameter = first == null ? parameter(entry, trainable) : first;
            parameters.put(entry.path(), parameter);
        }
    }

    private Parameter parameter(StateEntry entry, Predicate<String> trainable) {
        boolean trains = trainable.test(entry.path());
        Parameter parameter =
                Parameter.builder()
                        .setName(entry.path())
                        .setType(type(entry.path()))
                        .optShape(entry.shape())
                        .optRequiresGrad(trains)
                        .build();
        if (!trains) {
            FrozenParameters.add(parameter);
        }
        return parameter;
    }

    private static Parameter.Type type(String path) {
        if (path.endsWith("bias")) {
            return Parameter.Type.BIAS;
        }
        return path.endsWith("weight") ? Parameter.Type.WEIGHT : Parameter.Type.OTHER;
    }

    ScriptArchive archive() {
        return archive;
    }

    /** Path to parameter; one that is tied is there under each of its paths. */
    synchronized Map<String, Parameter> parameters() {
        pin();
        return Collections.unmodifiableMap(parameters);
    }

    /**
     * What is frozen stays so, whoever unfreezes it: DJL's PyTorch model does so to all parameters
     * that were loaded when it makes a trainer.
     */
    private void pin() {
        for (Parameter parameter : parameters.values()) {
            boolean isFrozen = FrozenParameters.contains(parameter);
            if (parameter.requiresGradient() == isFrozen) {
                // Frozen by someone else, or thawed though it is frozen for good.
                FrozenParameters.add(parameter);
            }
        }
    }

    synchronized boolean trains() {
        pin();
        return parameters.values().stream().anyMatch(Parameter::requiresGradient);
    }

    synchronized void setTrainable(Predicate<String> trainable) {
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        parameters.forEach(
                (path, parameter) -> {
                    if (seen.add(parameter)) {
                        freeze(parameter, !trainable.test(path));
                    }
                });
    }

    private static void freeze(Parameter parameter, boolean isFrozen) {
        if (isFrozen) {
            FrozenParameters.add(parameter);
        } else {
            FrozenParameters.remove(parameter);
            parameter.freeze(false);
        }
    }

    synchronized void addCode(String code) {
        codes.add(code);
    }

    /** Whether it is in memory. A block around this one that was cleared closed the parameters. */
    synchronized boolean isLoaded() {
        if (loaded != null && !parameters.values().stream().allMatch(Parameter::isInitialized)) {
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
        List<NativePart> parts = new ArrayList<>();
        boolean done = false;
        try {
            List<NDArray> state = List.of();
            for (String code : codes) {
                NativePart part = part(file, code, manager.getDevice());
                parts.add(part);
                if (parts.size() == 1) {
                    state = tied(part.state());
                    part.bind(state);
                } else {
                    requireBindable();
                    part.bind(state);
                }
            }
            done = true;
            return new Loaded(manager, parts, state);
        } finally {
            if (!done) {
                parts.forEach(NativePart::close);
            }
        }
    }

    private NativePart part(Path file, String code, Device device) throws IOException {
        try {
            return NativePart.load(file, code, device);
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
                                + "' has no name that TorchScript can assign to, so only one block"
                                + " can be made of this module: build another from the file");
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

    synchronized NativePart part(String code) {
        return require().part(code);
    }

    /** Values of the state_dict by path; those DJL cannot hold are left out. */
    synchronized Map<String, NDArray> state() {
        return require().values();
    }

    /** Writes other numbers into the tensors: those that are read, once all are. */
    synchronized void write(StateLoad.Reading reading) {
        Loaded now = require();
        try (NDManager own = now.first().manager().newSubManager()) {
            Map<String, NDArray> read = reading.read(own);
            now.first().write(StateLoad.replaced(archive.state(), now.state, read));
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
    <T> T withPart(String code, java.util.function.Function<NativePart, T> body) {
        NativePart known;
        synchronized (this) {
            known = isLoaded() ? require().part(code) : null;
        }
        if (known != null) {
            return body.apply(known);
        }
        try {
            return source.with(
                    file -> {
                        try (NativePart own = part(file, code, Device.cpu())) {
                            return body.apply(own);
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
        private final Map<String, NativePart> parts = new LinkedHashMap<>();
        private final List<NDArray> state;
        private boolean isBound;

        Loaded(NDManager owner, List<NativePart> made, List<NDArray> state) {
            this.owner = owner;
            this.state = state;
            int i = 0;
            for (String code : codes) {
                parts.put(code, made.get(i++));
            }
        }

        void attach() {
            owner.attachInternal(id, this);
        }

        void bind() {
            isBound = true;
            values().forEach(this::bind);
            pin();
        }

        private void bind(String path, NDArray array) {
            Parameter parameter = parameters.get(path);
            if (parameter != null && !parameter.isInitialized()) {
                var initializer = parameter.getInitializer();
                array.setRequiresGradient(parameter.requiresGradient());
                parameter.setInitializer((manager, shape, type) -> array);
                parameter.initialize(owner, DataType.FLOAT32);
                parameter.setInitializer(initializer);
            }
        }

        NativePart part(String code) {
            return parts.computeIfAbsent(
                    code,
                    key -> {
                        try {
                            return source.with(file -> another(file, key));
                        } catch (IOException e) {
                            throw new IllegalStateException(
                                    source + " cannot be read any more: " + e, e);
                        }
                    });
        }

        private NativePart another(Path file, String code) throws IOException {
            requireBindable();
            NativePart part = SharedModule.this.part(file, code, first().device());
            part.bind(state);
            return part;
        }

        private NativePart first() {
            return parts.values().iterator().next();
        }

        Map<String, NDArray> values() {
            Map<String, NDArray> values = new LinkedHashMap<>();
            for (int i = 0; i < state.size(); i++) {
                StateEntry entry = archive.state().get(i);
                if (entry.dataType() != null) {
                    values.put(entry.path(), state.get(i));
                }
            }
            return values;
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
                parameters.values().forEach(Parameter::close);
            }
            parts.values().forEach(NativePart::close);
        }
    }
}

package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.github.djlblocks.internal.NativeScope;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * A module in the engine's memory, inside of one of ours ({@link PartCode}).
 *
 * <p>Any number of threads may run it for inference at once. Whether it trains is a property of the
 * whole module, so a training pass is alone in it; and closing waits for who is in it.
 */
final class NativePart implements AutoCloseable {

    private static final String[] NO_FILES = {};

    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private final NDArray dummy;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean training = true;
    private boolean closed;

    /** Tensors and what they are called. */
    record Outputs(NDList arrays, List<String> names) {}

    private NativePart(PtNDManager manager, Path wrapped) {
        this.manager = manager;
        // Without trainParam DJL loads in inference mode, and its tensors can never have gradients.
        module = JniUtils.loadModule(manager, wrapped, true, NO_FILES, NO_FILES, true);
        dummy = NativeScope.keep(manager.zeros(new Shape(1)));
    }

    /**
     * Loads a module, with the text around it.
     *
     * @throws EngineException if this build of PyTorch cannot
     */
    static NativePart load(Path archive, String code, Device device) throws IOException {
        Path wrapped = Files.createTempFile("djl-blocks", ".pt");
        try {
            PartArchive.wrap(archive, wrapped, code);
            Engine engine = Engine.getEngine("PyTorch");
            PtNDManager manager = (PtNDManager) engine.newBaseManager(device);
            boolean loaded = false;
            try {
                manager.setName("torchscript part");
                NativePart part = new NativePart(manager, wrapped);
                loaded = true;
                return part;
            } finally {
                if (!loaded) {
                    manager.close();
                }
            }
        } finally {
            Files.delete(wrapped);
        }
    }

    Device device() {
        return manager.getDevice();
    }

    NDManager manager() {
        return manager;
    }

    /**
     * Runs it for inference. What comes out is copied: the engine computes in its inference mode,
     * whose tensors no later training pass could use.
     */
    Outputs infer(int number, NDList inputs, NDManager results) {
        return reading(
                () -> {
                    try (IValue x = listFrom(inputs);
                            IValue y = call("run" + number, x)) {
                        IValue[] parts = y.toIValueTuple();
                        try (NDList made = new NDList(parts[0].toTensorArray(manager))) {
                            NDList copies = new NDList();
                            for (NDArray array : made) {
                                NDArray copy = array.duplicate();
                                copy.attach(results);
                                copies.add(copy);
                            }
                            return new Outputs(copies, strings(parts[1]));
                        } finally {
                            closeAll(parts);
                        }
                    }
                });
    }

    /** Runs it with gradients, if the engine collects them; in training mode or not. */
    Outputs train(int number, NDList inputs, NDManager results, boolean trainingMode) {
        return writing(
                () -> {
                    mode(trainingMode);
                    // Given as an argument it would never be freed if the method fails.
                    try (IValue x = listFrom(inputs)) {
                        call("put", x).close();
                    }
                    NDList outputs = optimizerOff(() -> trainStep(number));
                    outputs.attach(results);
                    try (IValue names = call("last_names")) {
                        return new Outputs(outputs, strings(names));
                    }
                });
    }

    /** DJL takes the method from the name of an array, and gives the rest to it. */
    private NDList trainStep(int number) {
        try (IValue alias = IValue.from((PtNDArray) dummy);
                PtNDArray argument = alias.toTensor(manager);
                PtNDArray method = alias.toTensor(manager)) {
            method.setName("module_method:train_step" + number);
            return IValueUtils.forward(module, new NDList(argument, method), true);
        }
    }

    /** Its tensors themselves, as it has them now, in the order of the archive. */
    List<NDArray> state(NDManager results) {
        return reading(
                () -> {
                    try (IValue y = call("state")) {
                        List<NDArray> arrays = new ArrayList<>();
                        for (PtNDArray array : y.toTensorArray((PtNDManager) results)) {
                            arrays.add(NativeScope.keep(array));
                        }
                        return arrays;
                    }
                });
    }

    /** Puts others in place of its tensors. */
    void bind(List<NDArray> tensors) {
        writing(
                () -> {
                    try (IValue w = listFrom(new NDList(tensors))) {
                        call("bind", w).close();
                        return true;
                    }
                });
    }

    /** Copies numbers into its tensors. */
    void write(NDList tensors) {
        writing(
                () -> {
                    try (IValue w = listFrom(tensors)) {
                        call("write", w).close();
                        return true;
                    }
                });
    }

    /** Writes the module that is inside as a TorchScript file. */
    void write(OutputStream out) throws IOException {
        Path whole = Files.createTempFile("djl-blocks", ".pt");
        try {
            try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(whole))) {
                writing(
                        () -> {
                            mode(false);
                            JniUtils.writeModule(module, file, false);
                            return true;
                        });
            }
            PartArchive.unwrap(whole, out);
        } finally {
            Files.delete(whole);
        }
    }

    private <T> T reading(Supplier<T> body) {
        while (true) {
            lock.readLock().lock();
            try {
                requireOpen();
                if (!training) {
                    return body.get();
                }
            } finally {
                lock.readLock().unlock();
            }
            writing(
                    () -> {
                        mode(false);
                        return true;
                    });
        }
    }

    private <T> T writing(Supplier<T> body) {
        lock.writeLock().lock();
        try {
            requireOpen();
            return body.get();
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(
                    "the TorchScript module is closed, with the manager it was initialised on");
        }
    }

    private void mode(boolean newTraining) {
        if (training != newTraining) {
            if (newTraining) {
                JniUtils.enableTrainingMode(module);
            } else {
                JniUtils.enableInferenceMode(module);
            }
            training = newTraining;
        }
    }

    private IValue call(String method, IValue... arguments) {
        return optimizerOff(() -> IValueUtils.runMethod(module, method, arguments));
    }

    /** Profiling would compile anew for every shape, with and without gradients. */
    private static <T> T optimizerOff(Supplier<T> body) {
        JniUtils.setGraphExecutorOptimize(false);
        try {
            return body.get();
        } finally {
            JniUtils.setGraphExecutorOptimize(true);
        }
    }

    private static IValue listFrom(NDList arrays) {
        return IValue.listFrom(
                arrays.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
    }

    private static List<String> strings(IValue list) {
        List<String> names = new ArrayList<>();
        IValue[] values = list.toIValueArray();
        try {
            for (IValue value : values) {
                names.add(value.toStringValue());
            }
        } finally {
            closeAll(values);
        }
        return names;
    }

    private static void closeAll(IValue[] values) {
        for (IValue value : values) {
            value.close();
        }
    }

    /** Waits for who runs it. */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                module.close();
                manager.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** A script in the engine's memory. Any number of threads may run it. */
final class ScriptModule implements AutoCloseable {

    private final PtSymbolBlock module;
    private final boolean onProcessor;

    ScriptModule(PtNDManager manager, List<String> methods) {
        onProcessor = !manager.getDevice().isGpu();
        if (onProcessor) {
            NativeHeap.keepFreed();
        }
        try {
            ModuleNode.Builder node = ModuleNode.builder(Script.CLASS);
            methods.forEach(node::addMethod);
            if (onProcessor) {
                node.addMethod(MappedConstants.method());
            }
            byte[] archive = new TorchScriptArchive(node.build()).toBytes();
            module = JniUtils.loadModule(manager, new ByteArrayInputStream(archive), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs it.
     *
     * @param manager of the results
     * @param inputs the list {@code x}
     * @param numbers the list {@code n}
     * @param tensors the list {@code w}, which stays open
     * @param packed the list {@code p}, which stays open
     */
    NDList run(
            PtNDManager manager,
            List<NDArray> inputs,
            long[] numbers,
            IValue tensors,
            IValue packed) {
        PtNDArray[] arrays = new PtNDArray[inputs.size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = (PtNDArray) inputs.get(i);
        }
        try (IValue x = IValue.listFrom(arrays);
                IValue n = IValue.listFrom(numbers);
                IValue y = call("run", x, n, tensors, packed)) {
            return new NDList(y.toTensorArray(manager));
        }
    }

    /** Calls a method; the result is the caller's to close. */
    IValue call(String method, IValue... arguments) {
        // Profiling would compile anew for every length; it is switched per thread.
        JniUtils.setGraphExecutorOptimize(false);
        try {
            if (onProcessor && MappedConstants.SHARED.isDue(System.nanoTime())) {
                IValueUtils.runMethod(module, MappedConstants.METHOD).close();
            }
            return IValueUtils.runMethod(module, method, arguments);
        } finally {
            JniUtils.setGraphExecutorOptimize(true);
        }
    }

    @Override
    public void close() {
        module.close();
    }
}

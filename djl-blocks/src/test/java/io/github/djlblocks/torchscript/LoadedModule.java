package io.github.djlblocks.torchscript;

import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** An archive in DJL's PyTorch engine. */
final class LoadedModule implements AutoCloseable {

    private final Model model;

    private LoadedModule(Model model) {
        this.model = model;
    }

    static LoadedModule of(Path file, Map<String, ?> options) throws IOException, ModelException {
        Model model = Model.newInstance("model", "PyTorch");
        model.load(file.getParent(), String.valueOf(file.getFileName()), options);
        return new LoadedModule(model);
    }

    Model model() {
        return model;
    }

    NDManager manager() {
        return model.getNDManager();
    }

    IValue run(String method, IValue... inputs) {
        return IValueUtils.runMethod((PtSymbolBlock) model.getBlock(), method, inputs);
    }

    PtNDArray tensor(String method, IValue... inputs) {
        return run(method, inputs).toTensor((PtNDManager) manager());
    }

    @Override
    public void close() {
        model.close();
    }
}

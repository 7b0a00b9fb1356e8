package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import io.github.djlblocks.kernel.KernelSource;
import java.util.List;

/** What a block of a module may be given. */
final class ModuleInputs {

    private final SharedModule module;
    private final ScriptClass.Method method;
    private final List<InputSpec> inputs;

    ModuleInputs(SharedModule module, ScriptClass.Method method, List<InputSpec> inputs) {
        this.module = module;
        this.method = method;
        this.inputs = inputs;
    }

    void require(NDList given) {
        requireCount(given.size());
        for (int i = 0; i < inputs.size(); i++) {
            require(inputs.get(i), given.get(i));
        }
        requireShapes(given.getShapes());
    }

    private void require(InputSpec input, NDArray array) {
        if (array instanceof KernelSource) {
            throw new UnsupportedOperationException(
                    "method "
                            + method.name()
                            + " of "
                            + module
                            + " is TorchScript already, and cannot be written into another script");
        }
        if (!(array instanceof PtNDArray)) {
            throw new IllegalArgumentException(
                    "input '"
                            + input.name()
                            + "' is on engine "
                            + array.getManager().getEngine().getEngineName()
                            + ", but TorchScript runs on PyTorch: put an EnginePart in between");
        }
        DataType declared = input.type();
        if (declared != null && declared != array.getDataType()) {
            throw new IllegalArgumentException(
                    "input '"
                            + input.name()
                            + "' is "
                            + array.getDataType()
                            + ", expected "
                            + declared
                            + ": cast it");
        }
    }

    void requireDevice(NDList given, Device device) {
        for (NDArray input : given) {
            if (!input.getDevice().equals(device)) {
                throw new IllegalArgumentException(
                        module
                                + " is on "
                                + device
                                + ", but an input is on "
                                + input.getDevice()
                                + ": load it on a manager of that device");
            }
        }
    }

    void requireShapes(Shape[] shapes) {
        requireCount(shapes.length);
        for (int i = 0; i < shapes.length; i++) {
            String fault = inputs.get(i).fault(shapes[i]);
            if (fault != null) {
                throw new IllegalArgumentException("method " + method.name() + ": " + fault);
            }
        }
    }

    private void requireCount(int count) {
        if (count != inputs.size()) {
            throw new IllegalArgumentException(
                    "method "
                            + method
                            + " of "
                            + module
                            + " takes "
                            + inputs.size()
                            + " input(s) here, "
                            + inputs
                            + ", got "
                            + count);
        }
    }
}

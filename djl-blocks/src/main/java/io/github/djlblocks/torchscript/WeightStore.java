package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.graph.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors that the passes of a block share: the list {@code w} of tensors and the list {@code
 * p} of opaque packed weights, both only appended to. Weights are the arrays of the parameters
 * themselves, or packed in a format, each as its pass first needs it.
 */
final class WeightStore implements AutoCloseable {

    /**
     * A weight as kernels take it.
     *
     * @param choice the kernels
     * @param index of its first part, in {@code w} or {@code p}
     */
    record Stored(KernelChoice.Choice choice, int index) {}

    private final PtNDManager manager;
    private final WeightPlan plan;
    private final ScriptModule module;
    private final IValue tensors;
    private final IValue packed;
    private final Map<Object, Integer> indices = new HashMap<>();
    private final Map<Object, Stored> stored = new HashMap<>();
    private final Map<Parameter, PtNDArray> live = new HashMap<>();
    private int tensorCount;
    private int packedCount;

    WeightStore(PtNDManager parent, WeightPlan plan) {
        manager = (PtNDManager) parent.newSubManager();
        this.plan = plan;
        module = new ScriptModule(manager, ScriptLibrary.storing());
        tensors = module.call("no_tensors", IValue.from(0L));
        packed = module.call("no_packed", IValue.from(0L));
    }

    WeightPlan plan() {
        return plan;
    }

    /** The list {@code w}. */
    IValue tensors() {
        refresh();
        return tensors;
    }

    /** The list {@code p}. */
    IValue packed() {
        return packed;
    }

    /** The index in {@code w} of a parameter in the type of activations. */
    synchronized int tensor(Parameter parameter) {
        Integer known = indices.get(parameter);
        if (known != null) {
            return known;
        }
        if (plan.isPacked(parameter)) {
            return joined(List.of(parameter));
        }
        PtNDArray array = array(parameter);
        live.put(parameter, array);
        int index = add(array);
        indices.put(parameter, index);
        return index;
    }

    /** The index in {@code w} of vectors behind each other, in the type of activations. */
    synchronized int joined(List<Parameter> parameters) {
        Object key = parameters.size() == 1 ? parameters.get(0) : parameters;
        Integer known = indices.get(key);
        if (known != null) {
            return known;
        }
        int rows = 0;
        int columns = 0;
        for (Parameter parameter : parameters) {
            columns = Math.max(columns, width(parameter));
            rows += Math.toIntExact(parameter.getShape().size() / width(parameter));
        }
        boolean vectors = parameters.get(0).getShape().dimension() == 1;
        WeightFormat format = plan.rawFormat();
        Shape shape =
                vectors
                        ? new Shape(parameters.stream().mapToLong(p -> p.getShape().size()).sum())
                        : parameters.get(0).getShape();
        int index;
        try (NDArray codes = manager.zeros(shape, type(format))) {
            if (vectors) {
                int at = 0;
                ByteBuffer all = codes.toByteBuffer(true);
                for (Parameter parameter : parameters) {
                    int size = Math.toIntExact(parameter.getShape().size());
                    int bytes = Math.toIntExact(format.codeSize(1, size));
                    pack(format, List.of(parameter), 1, size, all.slice(at, bytes), EMPTY);
                    at += bytes;
                }
            } else {
                pack(format, parameters, rows, columns, codes.toByteBuffer(true), EMPTY);
            }
            index = addAs(codes, format);
        }
        indices.put(key, index);
        return index;
    }

    private static final ByteBuffer EMPTY = ByteBuffer.allocateDirect(0);

    private static int width(Parameter parameter) {
        Shape shape = parameter.getShape();
        return Math.toIntExact(shape.get(shape.dimension() - 1));
    }

    /** The index in {@code w} of numbers. */
    synchronized int numbers(ScriptWriter.Numbers numbers) {
        Integer known = indices.get(numbers);
        if (known != null) {
            return known;
        }
        double[] values = numbers.values().stream().mapToDouble(Double::doubleValue).toArray();
        Shape shape = new Shape(numbers.shape().stream().mapToLong(Long::longValue).toArray());
        int index;
        try (NDArray wide = manager.create(values, shape);
                // The numbers lie over an array of Java's, which may be freed: a copy does not.
                NDArray own =
                        numbers.type() == DataType.FLOAT64
                                ? wide.duplicate()
                                : wide.toType(numbers.type(), true)) {
            index = add((PtNDArray) own);
        }
        indices.put(numbers, index);
        return index;
    }

    /** Weights (out, in) below each other, packed for the kernels of their format. */
    synchronized Stored linear(List<Parameter> weights, WeightFormat format) {
        List<Object> key = new ArrayList<>(weights);
        key.add(format);
        Stored known = stored.get(key);
        if (known != null) {
            return known;
        }
        int in = width(weights.get(0));
        int out = 0;
        for (Parameter weight : weights) {
            out += Math.toIntExact(weight.getShape().get(0));
        }
        KernelChoice.Choice choice = plan.kernels().choose(format, out, in);
        Stored made;
        try (NDArray codes = manager.zeros(codeShape(format, out, in), type(format));
                NDArray scales = manager.zeros(scaleShape(format, out, in), DataType.FLOAT16)) {
            pack(format, weights, out, in, codes.toByteBuffer(true), scales.toByteBuffer(true));
            made = new Stored(choice, pack(choice.holder(), codes, scales));
        }
        stored.put(key, made);
        return made;
    }

    private int pack(WeightHolder holder, NDArray codes, NDArray scales) {
        try (IValue c = IValue.from((PtNDArray) codes);
                IValue s = IValue.from((PtNDArray) scales);
                IValue parts = module.call(holder.pack(), c, s)) {
            if (holder.isTensors()) {
                int index = tensorCount;
                tensorCount = count(module.call("add_tensors", tensors, parts));
                return index;
            }
            int index = packedCount;
            packedCount = count(module.call("add_packed", packed, parts));
            return index;
        }
    }

    private void pack(
            WeightFormat format,
            List<Parameter> weights,
            int out,
            int in,
            ByteBuffer codes,
            ByteBuffer scales) {
        List<WeightRows> sources = weights.stream().map(plan.source()::rows).toList();
        int[] starts = new int[weights.size() + 1];
        for (int i = 0; i < weights.size(); i++) {
            starts[i + 1] = starts[i] + Math.toIntExact(weights.get(i).getShape().size() / in);
        }
        WeightRows rows =
                (row, values) -> {
                    int which = 0;
                    while (row >= starts[which + 1]) {
                        which++;
                    }
                    sources.get(which).read(row - starts[which], values);
                };
        format.pack(plan.name(weights.get(0)), out, in, rows, codes, scales);
    }

    static DataType type(WeightFormat format) {
        return switch (format.bits()) {
            case 4 -> DataType.UINT8;
            case 8 -> DataType.INT8;
            case 16 -> DataType.FLOAT16;
            default -> DataType.FLOAT32;
        };
    }

    static Shape codeShape(WeightFormat format, int out, int in) {
        return new Shape(out, format.bits() == 4 ? in / 2 : in);
    }

    static Shape scaleShape(WeightFormat format, int out, int in) {
        if (format.group() > 0) {
            return new Shape(in / format.group(), out, 2);
        }
        return new Shape(format.bits() == 8 ? out : 1);
    }

    private int addAs(NDArray codes, WeightFormat format) {
        if (!format.equals(WeightFormat.BFLOAT16)) {
            return add((PtNDArray) codes);
        }
        try (IValue c = IValue.from((PtNDArray) codes);
                IValue s = IValue.from((PtNDArray) codes);
                IValue parts = module.call("pack_plain_bfloat16", c, s)) {
            int index = tensorCount;
            tensorCount = count(module.call("add_tensors", tensors, parts));
            return index;
        }
    }

    private int add(PtNDArray array) {
        try (IValue parts = IValue.listFrom(array)) {
            int index = tensorCount;
            tensorCount = count(module.call("add_tensors", tensors, parts));
            return index;
        }
    }

    private static int count(IValue value) {
        try (value) {
            return Math.toIntExact(value.toLong());
        }
    }

    /** Takes the arrays that parameters were given since. */
    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    private synchronized void refresh() {
        for (Map.Entry<Parameter, PtNDArray> entry : live.entrySet()) {
            PtNDArray now = array(entry.getKey());
            if (now != entry.getValue()) {
                entry.setValue(now);
                Integer index = indices.get(entry.getKey());
                if (index != null) {
                    put(index, now);
                }
            }
        }
    }

    private void put(int index, PtNDArray array) {
        try (IValue at = IValue.from((long) index);
                IValue one = IValue.from(array);
                IValue done = module.call("put_tensor", tensors, at, one)) {
            count(done);
        }
    }

    private static PtNDArray array(Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new UnsupportedOperationException(
                    "parameter " + parameter.getName() + " has no values: initialise or load it");
        }
        if (parameter.getArray() instanceof PtNDArray array) {
            return array;
        }
        throw new UnsupportedOperationException(
                "parameter " + parameter.getName() + " is not on engine PyTorch");
    }

    /** The values of parameters as they are now. */
    static WeightRows rowsOf(Parameter parameter) {
        PtNDArray array = array(parameter);
        int in = width(parameter);
        int out = Math.toIntExact(parameter.getShape().size() / in);
        ByteBuffer bytes = array.toByteBuffer(true);
        return switch (array.getDataType()) {
            case FLOAT32 -> WeightRows.ofFloat32(bytes, out, in);
            case FLOAT16 -> WeightRows.ofFloat16(bytes, out, in);
            default ->
                    throw new UnsupportedOperationException(
                            "parameter "
                                    + parameter.getName()
                                    + " is "
                                    + array.getDataType()
                                    + ": only FLOAT32 and FLOAT16 are packed");
        };
    }

    static @Nullable Parameter parameter(@Nullable Object operand) {
        return operand instanceof Value value && value.kind() == Value.Kind.PARAMETER
                ? value.parameter()
                : null;
    }

    @Override
    public void close() {
        tensors.close();
        packed.close();
        module.close();
        manager.close();
    }
}

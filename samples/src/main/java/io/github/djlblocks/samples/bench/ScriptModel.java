package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hand-written TorchScript of a workload in one format, with its weights. */
final class ScriptModel implements AutoCloseable {

    /** Numbers that share a scale, as in llama.cpp's Q4_0. */
    private static final int GROUP = 32;

    private static final String PACKED =
            "List[__torch__.torch.classes.quantized.LinearPackedParamsBase]";

    private final ScriptText module;
    private final IValue matrices;
    private final IValue vectors;

    ScriptModel(Bed bed, Format format) {
        module = ScriptText.of(bed.torch(), text(bed.workload(), format));
        List<Bed.Matrix> weights = bed.matrices();
        matrices =
                switch (format) {
                    case FLOAT32 -> list(weights);
                    case BFLOAT16 -> narrowed(list(weights), false, null);
                    case INT8 -> int8(weights);
                    case INT4 -> int4(list(weights));
                };
        boolean shared = format == Format.BFLOAT16 && bed.workload().tied();
        vectors = narrowed(tensors(bed.vectors()), shared, shared ? matrices : null);
    }

    ScriptText module() {
        return module;
    }

    IValue matrices() {
        return matrices;
    }

    IValue vectors() {
        return vectors;
    }

    @Override
    public void close() {
        vectors.close();
        matrices.close();
        module.close();
    }

    static IValue tensors(List<NDArray> arrays) {
        return IValue.listFrom(arrays.toArray(PtNDArray[]::new));
    }

    private static IValue list(List<Bed.Matrix> weights) {
        return tensors(weights.stream().map(Bed.Matrix::weight).toList());
    }

    /** Casts all; of a tied model the first is the last of the matrices instead. */
    private IValue narrowed(IValue all, boolean tied, @Nullable IValue cast) {
        try (all;
                IValue flag = IValue.from(tied)) {
            return module.run("narrowed", all, flag, cast == null ? all : cast);
        }
    }

    private IValue int8(List<Bed.Matrix> weights) {
        List<IValue> packed = new ArrayList<>();
        try {
            for (Bed.Matrix matrix : weights) {
                packed.add(int8(matrix));
            }
            return IValue.listFrom(packed.toArray(IValue[]::new));
        } finally {
            packed.forEach(IValue::close);
        }
    }

    private IValue int8(Bed.Matrix matrix) {
        try (IValue weight = IValue.from((PtNDArray) matrix.weight())) {
            if (matrix.bias() == null) {
                return module.run("pack_int8", weight);
            }
            try (IValue bias = IValue.from((PtNDArray) matrix.bias())) {
                return module.run("pack_int8_biased", weight, bias);
            }
        }
    }

    private IValue int4(IValue all) {
        try (all;
                IValue group = IValue.from((long) GROUP)) {
            return module.run("pack_int4", all, group);
        }
    }

    private static String text(Workload workload, Format format) {
        String linear =
                switch (format) {
                    case FLOAT32, BFLOAT16 -> "    return torch.linear(x, m[i], b)";
                    case INT8 -> "    return ops.quantized.linear_dynamic(x, m[i], False)";
                    case INT4 -> ScriptText.resource("int4.py").stripTrailing();
                };
        return (ScriptText.resource("header.py")
                        + ScriptText.resource(workload.encoder() ? "encoder.py" : "decoder.py"))
                .replace("LINEAR", linear)
                .replace("MATRICES", format == Format.INT8 ? PACKED : "List[Tensor]")
                .replace("ACTIVATIONS", Integer.toString(format.activations()))
                .replace("GROUP", Integer.toString(GROUP));
    }
}

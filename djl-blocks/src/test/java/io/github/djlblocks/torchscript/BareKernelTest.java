package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@link LinearKernel#bare} and the function it stands for, in one script. */
class BareKernelTest {

    private static final int OUT = 64;
    private static final int IN = 128;
    private static final int FLOAT32 = 6;
    private static final int BFLOAT16 = 15;

    private static final List<Shape> ONE =
            List.of(new Shape(1, IN), new Shape(1, 1, IN), new Shape(1, 1, 1, IN));
    private static final List<Shape> SEVERAL =
            List.of(new Shape(3, IN), new Shape(2, 5, IN), new Shape(1, 40, IN));

    @Test
    void bare_oneRowAndSeveral_isBitForBitTheFunction() {
        Set<LinearKernel> ofOne = EnumSet.noneOf(LinearKernel.class);
        Set<LinearKernel> ofSeveral = EnumSet.noneOf(LinearKernel.class);
        try (PtNDManager manager =
                (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (LinearKernel kernel : LinearKernel.values()) {
                for (WeightFormat format : formats(kernel)) {
                    for (int type : new int[] {FLOAT32, BFLOAT16}) {
                        for (Shape shape : ONE) {
                            if (isSame(manager, kernel, format, type, shape, true)) {
                                ofOne.add(kernel);
                            }
                        }
                        for (Shape shape : SEVERAL) {
                            if (isSame(manager, kernel, format, type, shape, false)) {
                                ofSeveral.add(kernel);
                            }
                        }
                    }
                }
            }
        }
        assertThat(ofSeveral)
                .containsExactly(
                        LinearKernel.FLOAT32_MKLDNN,
                        LinearKernel.FLOAT16_FBGEMM,
                        LinearKernel.BFLOAT16_MKLDNN);
        assertThat(ofOne)
                .containsExactly(
                        LinearKernel.FLOAT32_MKLDNN,
                        LinearKernel.FLOAT16_FBGEMM,
                        LinearKernel.BFLOAT16_MKLDNN,
                        LinearKernel.INT8_FBGEMM,
                        LinearKernel.INT4_PACK);
    }

    private static List<WeightFormat> formats(LinearKernel kernel) {
        return Stream.of("float32", "float16", "bfloat16", "int8", "int4:32", "int4:64", "int4:128")
                .map(WeightFormat::parse)
                .filter(format -> LinearKernel.of(format).contains(kernel))
                .toList();
    }

    /** Whether there is such a text; then its result is that of the function. */
    private static boolean isSame(
            PtNDManager manager,
            LinearKernel kernel,
            WeightFormat format,
            int type,
            Shape shape,
            boolean one) {
        WeightHolder holder = kernel.holder();
        List<String> parts =
                holder.isTensors()
                        ? IntStream.range(0, holder.parts().size())
                                .mapToObj(part -> "h[" + part + "]")
                                .toList()
                        : List.of("h");
        LinearKernel.Product product =
                new LinearKernel.Product(type, one, shape.dimension(), OUT, IN, format.group());
        String bare = kernel.bare("given", parts, product);
        if (bare == null) {
            return false;
        }
        List<String> methods =
                ScriptLibrary.storing(
                        Set.of(kernel.function()),
                        method("bare", holder, type, bare),
                        method("called", holder, type, kernel.call("given", parts, "None")));
        Random random = new Random(7L * type + shape.size());
        PackedWeight weight =
                format.pack("w", OUT, IN, WeightRows.of(gaussian(random, OUT * IN), OUT, IN));
        try (NDManager own = manager.newSubManager();
                ScriptModule module = new ScriptModule((PtNDManager) own, methods)) {
            NDArray codes =
                    own.create(
                            weight.codes(),
                            StoredShapes.codes(format, OUT, IN),
                            StoredShapes.type(format));
            NDArray scales =
                    weight.scales().hasRemaining()
                            ? own.create(
                                    weight.scales(),
                                    StoredShapes.scales(format, OUT, IN),
                                    DataType.FLOAT16)
                            : own.zeros(new Shape(1));
            NDArray x = own.create(gaussian(random, Math.toIntExact(shape.size())), shape);
            List<IValue> open = new ArrayList<>();
            try {
                IValue given = kept(open, IValue.from((PtNDArray) x));
                IValue held =
                        kept(
                                open,
                                module.call(
                                        holder.pack(),
                                        kept(open, IValue.from((PtNDArray) codes)),
                                        kept(open, IValue.from((PtNDArray) scales))));
                NDArray expected =
                        kept(open, module.call("called", given, held)).toTensor((PtNDManager) own);
                NDArray found =
                        kept(open, module.call("bare", given, held)).toTensor((PtNDManager) own);
                String what = kernel + " " + format + " " + type + " " + shape;
                long[] wanted = shape.getShape().clone();
                wanted[wanted.length - 1] = OUT;
                assertThat(found.getShape()).as(what).isEqualTo(new Shape(wanted));
                assertThat(expected.getShape()).as(what).isEqualTo(new Shape(wanted));
                assertThat(bits(found)).as(what).containsExactly(bits(expected));
            } finally {
                open.forEach(IValue::close);
            }
        }
        return true;
    }

    /** The type of the result is part of it: it must be that of what was given. */
    private static String method(String name, WeightHolder holder, int type, String product) {
        return "def "
                + name
                + "(self: "
                + Script.CLASS
                + ", x: Tensor, h: "
                + (holder.isTensors() ? "List[Tensor]" : Script.PACKED)
                + ") -> Tensor:\n  given = torch.to(x, "
                + type
                + ")\n  y = "
                + product
                + "\n  if y.dtype != "
                + type
                + ":\n    ops.prim.RaiseException(\"other type\")\n"
                + "  return torch.to(y, 6)\n";
    }

    private static IValue kept(List<IValue> all, IValue value) {
        all.add(value);
        return value;
    }

    private static int[] bits(NDArray array) {
        float[] values = array.toFloatArray();
        assertThat(values).isNotEqualTo(new float[values.length]);
        return IntStream.range(0, values.length)
                .map(i -> Float.floatToRawIntBits(values[i]))
                .toArray();
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void bare_severalRowsOfKernelsThatScaleRows_isNone() {
        LinearKernel.Product several = new LinearKernel.Product(FLOAT32, false, 3, OUT, IN, 0);
        assertThat(LinearKernel.INT8_FBGEMM.bare("x", List.of("p[0]"), several)).isNull();
        String one =
                LinearKernel.INT8_FBGEMM.bare(
                        "x",
                        List.of("p[0]"),
                        new LinearKernel.Product(FLOAT32, true, 3, OUT, IN, 0));
        assertThat(one).isEqualTo("ops.quantized.linear_dynamic(x, p[0], False)");
        assertThat(new LinearKernel.Product(BFLOAT16, true, 3, OUT, IN, 32).shape())
                .isEqualTo("[1, 1, 64]");
    }
}

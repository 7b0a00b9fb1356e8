package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/** One kernel as a module of this process. */
final class LinearModule implements AutoCloseable {

    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private final LinearKernel kernel;

    LinearModule(LinearKernel kernel) {
        this.kernel = kernel;
        this.manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
        ByteArrayInputStream archive = new ByteArrayInputStream(archive(text(kernel)));
        try {
            this.module = JniUtils.loadModule(manager, archive, false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(LinearKernel kernel) {
        WeightHolder holder = kernel.holder();
        List<String> names = new ArrayList<>();
        StringBuilder parameters = new StringBuilder();
        for (int i = 0; i < holder.parts().size(); i++) {
            names.add("h" + i);
            parameters.append(", h").append(i).append(": ").append(holder.parts().get(i));
        }
        String library =
                resource().replaceAll("(?m)^(#.*|)\n", "").replaceAll("(?m)^", "  ").stripTrailing()
                        + "\n";
        String run =
                "  def run(self, x: Tensor%s, given: Tensor, type: int) -> Tensor:\n"
                                .formatted(parameters)
                        + "    b = given if given.numel() > 0 else None\n"
                        + "    y = "
                        + kernel.call("x.to(type)", names, "b")
                        + "\n"
                        + "    o = "
                        + kernel.call(
                                "self." + kernel.functionOver(), "x.to(type).clone()", names, "b")
                        + "\n    if not torch.equal(y, o):\n"
                        + "      ops.prim.RaiseException(\"other values over x\")\n"
                        + "    if y.dtype != type:\n"
                        + "      ops.prim.RaiseException(\"other type\")\n"
                        + "    return y.to(6)\n";
        return "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
                + (library + run).replace("(self, ", "(self: __torch__.M, ");
    }

    private static String resource() {
        try (InputStream stream = LinearKernel.class.getResourceAsStream("linear.py")) {
            if (stream == null) {
                throw new IllegalStateException("no linear.py");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    PtNDManager manager() {
        return manager;
    }

    /** The parts of the holder of a weight. */
    IValue[] pack(PackedWeight weight) {
        Shape shape = new Shape(weight.out(), weight.in());
        WeightFormat format = weight.format();
        PtNDArray codes =
                switch (format.bits()) {
                    case 32 -> array(weight.codes(), shape, DataType.FLOAT32);
                    case 16 -> array(weight.codes(), shape, DataType.FLOAT16);
                    case 8 -> array(weight.codes(), shape, DataType.INT8);
                    default ->
                            array(
                                    weight.codes(),
                                    new Shape(weight.out(), weight.in() / 2),
                                    DataType.UINT8);
                };
        Shape scaleShape =
                format.group() > 0
                        ? new Shape(weight.in() / format.group(), weight.out(), 2)
                        : new Shape(weight.scales().remaining() / 2);
        PtNDArray scales =
                weight.scales().hasRemaining()
                        ? array(weight.scales(), scaleShape, DataType.FLOAT16)
                        : (PtNDArray) manager.zeros(new Shape(1));
        IValue held =
                IValueUtils.runMethod(
                        module, kernel.holder().pack(), IValue.from(codes), IValue.from(scales));
        if (!kernel.holder().isTensors()) {
            return new IValue[] {held};
        }
        return held.toIValueArray();
    }

    private PtNDArray array(ByteBuffer bytes, Shape shape, DataType type) {
        return manager.create(bytes, shape, type);
    }

    /** {@code y}, of activations rounded to bfloat16 (15) or not (6). */
    NDArray run(NDArray x, IValue[] parts, @Nullable NDArray bias, int type) {
        List<IValue> arguments = new ArrayList<>();
        arguments.add(IValue.from((PtNDArray) x));
        arguments.addAll(List.of(parts));
        NDArray given = bias == null ? manager.create(new float[0]) : bias;
        arguments.add(IValue.from((PtNDArray) given));
        arguments.add(IValue.from((long) type));
        // Each IValue holds its tensor until closed: Java's collector does not see their size.
        try (IValue result =
                IValueUtils.runMethod(module, "run", arguments.toArray(new IValue[0]))) {
            return result.toTensor(manager);
        } finally {
            arguments.stream().filter(a -> !List.of(parts).contains(a)).forEach(IValue::close);
        }
    }

    @Override
    public void close() {
        manager.close();
    }

    private static byte[] archive(String code) {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        pickle.writeBytes("c__torch__\nM\n".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(new byte[] {'q', 0, ')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
        pickle.writeBytes("training".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(new byte[] {(byte) 0x89, 'u', 'b', '.'});
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "m/data.pkl", pickle.toByteArray());
            put(zip, "m/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            put(zip, "m/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "m/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}

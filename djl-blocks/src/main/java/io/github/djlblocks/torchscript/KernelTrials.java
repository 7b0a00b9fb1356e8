package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.WeightFormat;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Times kernels on the processor. One row is timed over so many copies of the weight that no cache
 * holds them, as in a model, where every weight is read once a step.
 */
final class KernelTrials implements KernelChoice.Trial {

    /** Bytes of weights to walk through: more than caches of today hold of a process. */
    private static final long WALK = 64L << 20;

    private static final int MOST_COPIES = 256;
    private static final int ROUNDS = 3;

    /** Relative error from which on a kernel computes something else: it rounds to 1.3e-2. */
    private static final double WRONG = 0.04;

    /** Rows of a weight on which that is found out, and the rest of a division by 64. */
    private static final int CHECKED = 192;

    /** Seconds of a call after which no more are made. */
    private static final double SLOW = 0.02;

    /** Seconds of calls in a round of many copies, or in all rounds of one. */
    private static final double ENOUGH = 0.03;

    private static final KernelChoice CHOICE =
            new KernelChoice(new KernelTrials(), KernelChoice.pinnedByProperty());

    /** What was chosen in this process, and will be. */
    static KernelChoice choice() {
        return CHOICE;
    }

    @Override
    public KernelChoice.Stopwatch of(LinearKernel kernel, WeightFormat format, int out, int in) {
        return new Walk(kernel, format, out, in);
    }

    /** Copies of a weight, which calls walk through. */
    private static final class Walk implements KernelChoice.Stopwatch {
        private final LinearKernel kernel;
        private final WeightFormat format;
        private final int out;
        private final int in;
        private final PtNDManager manager;
        private final ScriptModule module;
        private final List<IValue> open = new ArrayList<>();
        private final IValue tensors;
        private final IValue packed;
        private final boolean isRight;
        private int copies;

        Walk(LinearKernel kernel, WeightFormat format, int out, int in) {
            this.kernel = kernel;
            this.format = format;
            this.out = out;
            this.in = in;
            manager = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");
            boolean made = false;
            try {
                module = new ScriptModule(manager, methods(kernel, format));
                manager.attachInternal("module", module);
                try (IValue zero = IValue.from(0L)) {
                    tensors = opened(module.call("no_tensors", zero));
                    packed = opened(module.call("no_packed", zero));
                }
                // Kernels that pack differ by the processor: a layout, or a sum that saturates.
                isRight =
                        format.bits() > 8
                                || error(manager, module, kernel, format, few(out), in) < WRONG;
                made = true;
            } finally {
                if (!made) {
                    close();
                }
            }
        }

        private IValue opened(IValue value) {
            open.add(value);
            return value;
        }

        @Override
        public double seconds(int rows) {
            if (!isRight) {
                return Double.NaN;
            }
            int wanted = copies(rows);
            while (copies < wanted) {
                store(manager, module, kernel, format, out, in, tensors, packed);
                copies++;
            }
            try (NDArray x = manager.randomNormal(new Shape(rows, in));
                    IValue given = IValue.from((PtNDArray) x)) {
                timed(given, 1);
                double first = timed(given, 1);
                if (first > SLOW) {
                    return first;
                }
                int times = (int) Math.max(1, Math.min(wanted, ENOUGH / first));
                // Short rounds are many: what comes between weighs more in them.
                int rounds = (int) Math.max(ROUNDS, ENOUGH / first / times);
                double best = Double.POSITIVE_INFINITY;
                for (int round = 0; round < rounds; round++) {
                    best = Math.min(best, timed(given, times));
                }
                return best;
            }
        }

        /**
         * Packing four bits takes many times the room, and its kernels are far apart in cache, too.
         */
        private int copies(int rows) {
            if (rows > RowClass.MOST_OF_FEW || format.bits() == 4) {
                return 1;
            }
            return (int) Math.max(1, Math.min(MOST_COPIES, WALK / format.byteSize(out, in)));
        }

        private double timed(IValue x, int times) {
            try (IValue n = IValue.from((long) times)) {
                long start = System.nanoTime();
                module.call("trial", x, tensors, packed, n).close();
                return (System.nanoTime() - start) / 1e9 / times;
            }
        }

        @Override
        public void close() {
            open.forEach(IValue::close);
            manager.close();
            NativeHeap.trim();
        }
    }

    /** So many rows of a weight as tell whether it is right: wide codes of all take too much. */
    private static int few(int out) {
        return out <= CHECKED ? out : CHECKED + out % 64;
    }

    /** The error of a kernel on random codes, relative to that of codes made wide. */
    private static double error(
            PtNDManager manager,
            ScriptModule module,
            LinearKernel kernel,
            WeightFormat format,
            int out,
            int in) {
        WeightHolder holder = kernel.holder();
        boolean four = format.bits() == 4;
        Shape shape = StoredShapes.codes(format, out, in);
        try (NDArray wide =
                        manager.randomInteger(
                                four ? 0 : -127, four ? 256 : 128, shape, DataType.INT64);
                NDArray codes = wide.toType(StoredShapes.type(format), true);
                NDArray uniform =
                        manager.randomUniform(1, 2, StoredShapes.scales(format, out, in));
                NDArray scales = uniform.toType(DataType.FLOAT16, true);
                NDArray x = manager.randomNormal(new Shape(2, in));
                IValue c = IValue.from((PtNDArray) codes);
                IValue s = IValue.from((PtNDArray) scales);
                IValue given = IValue.from((PtNDArray) x);
                IValue parts = module.call(holder.pack(), c, s);
                IValue error = module.call("error", given, c, s, parts)) {
            return error.toDouble();
        }
    }

    private static void store(
            PtNDManager manager,
            ScriptModule module,
            LinearKernel kernel,
            WeightFormat format,
            int out,
            int in,
            IValue tensors,
            IValue packed) {
        WeightHolder holder = kernel.holder();
        try (NDArray codes =
                        manager.ones(
                                StoredShapes.codes(format, out, in), StoredShapes.type(format));
                NDArray scales =
                        manager.ones(StoredShapes.scales(format, out, in), DataType.FLOAT16);
                IValue c = IValue.from((PtNDArray) codes);
                IValue s = IValue.from((PtNDArray) scales);
                IValue parts = module.call(holder.pack(), c, s)) {
            module.call(
                            holder.isTensors() ? "add_tensors" : "add_packed",
                            holder.isTensors() ? tensors : packed,
                            parts)
                    .close();
        }
    }

    private static List<String> methods(LinearKernel kernel, WeightFormat format) {
        WeightHolder holder = kernel.holder();
        int parts = holder.parts().size();
        String list = holder.isTensors() ? "w" : "p";
        List<String> each =
                IntStream.range(0, parts)
                        .mapToObj(part -> list + "[i * " + parts + " + " + part + "]")
                        .collect(Collectors.toList());
        int type = CompileOptions.defaults().withWeights(format).types().single();
        String trial =
                "def trial(self: "
                        + Script.CLASS
                        + ", x: Tensor, w: List[Tensor], p: List["
                        + Script.PACKED
                        + "], n: int) -> List[Tensor]:\n  given = torch.to(x, "
                        + type
                        // A result that nothing uses would not be computed.
                        + ")\n  results = self.no_tensors(0)\n  for i in range(n):\n    y = "
                        + kernel.call("given", each, "None")
                        + "\n    results.append(torch.narrow(y, 1, 0, 1).clone())"
                        + "\n  return results\n";
        if (format.bits() > 8) {
            return ScriptLibrary.storing(Set.of(kernel.function()), trial);
        }
        List<String> own =
                IntStream.range(0, parts)
                        .mapToObj(part -> holder.isTensors() ? "h[" + part + "]" : "h")
                        .toList();
        String widened = format.bits() == 4 ? "linear_widened_int4" : "linear_widened_int8";
        String error =
                "def error(self: "
                        + Script.CLASS
                        + ", x: Tensor, codes: Tensor, scales: Tensor, h: "
                        + (holder.isTensors() ? "List[Tensor]" : Script.PACKED)
                        + ") -> float:\n  y = torch.to("
                        + kernel.call("torch.to(x, " + type + ")", own, "None")
                        + ", 6)\n  r = self."
                        + widened
                        + "(x, codes, self.as_bfloat16(scales), None)\n"
                        + "  return float(torch.norm(y - r) / torch.norm(r))\n";
        return ScriptLibrary.storing(
                new LinkedHashSet<>(List.of(kernel.function(), widened)), trial, error);
    }
}

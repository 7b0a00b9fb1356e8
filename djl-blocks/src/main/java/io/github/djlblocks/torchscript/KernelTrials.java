package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.WeightFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Times kernels on the processor. One row is timed over so many copies of the weight that no cache
 * holds them, as in a model, where every weight is read once a step.
 */
final class KernelTrials implements KernelChoice.Trial {

    /** Bytes of weights to walk through: more than caches of today hold of a process. */
    private static final long WALK = 64L << 20;

    private static final int MOST_COPIES = 64;
    private static final int ROUNDS = 3;

    private static final KernelChoice CHOICE =
            new KernelChoice(
                    new KernelTrials(),
                    KernelChoice.Mix.GENERATION,
                    KernelChoice.pinnedByProperty());

    /** What was chosen in this process, and will be. */
    static KernelChoice choice() {
        return CHOICE;
    }

    @Override
    public double seconds(LinearKernel kernel, WeightFormat format, int out, int in, int rows) {
        try (PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
                ScriptModule module = new ScriptModule(manager, methods(kernel, format))) {
            long bytes = format.byteSize(out, in);
            int copies = (int) Math.max(1, Math.min(MOST_COPIES, WALK / bytes));
            if (rows > RowClass.MOST_OF_FEW) {
                copies = 1;
            }
            List<IValue> open = new ArrayList<>();
            try {
                IValue tensors = open(open, module.call("no_tensors", IValue.from(0L)));
                IValue packed = open(open, module.call("no_packed", IValue.from(0L)));
                for (int copy = 0; copy < copies; copy++) {
                    store(manager, module, kernel, format, out, in, tensors, packed);
                }
                NDArray x = manager.randomNormal(new Shape(rows, in));
                IValue given = open(open, IValue.from((PtNDArray) x));
                IValue times = open(open, IValue.from((long) copies));
                double best = Double.POSITIVE_INFINITY;
                for (int round = 0; round <= ROUNDS; round++) {
                    long start = System.nanoTime();
                    module.call("trial", given, tensors, packed, times).close();
                    double seconds = (System.nanoTime() - start) / 1e9 / copies;
                    best = round == 0 ? best : Math.min(best, seconds);
                }
                return best;
            } finally {
                open.forEach(IValue::close);
            }
        }
    }

    private static IValue open(List<IValue> all, IValue value) {
        all.add(value);
        return value;
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
                                WeightStore.codeShape(format, out, in), WeightStore.type(format));
                NDArray scales =
                        manager.ones(WeightStore.scaleShape(format, out, in), DataType.FLOAT16);
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
                        + "], n: int) -> Tensor:\n  given = torch.to(x, "
                        + type
                        + ")\n  y = given\n  for i in range(n):\n    y = "
                        + kernel.call("given", each, "None")
                        + "\n  return torch.to(torch.narrow(y, 0, 0, 1), 6)\n";
        return ScriptLibrary.storing(kernel.function(), trial);
    }
}

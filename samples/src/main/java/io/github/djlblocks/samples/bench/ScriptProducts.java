package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The matrix products of a model, one native call a step: through torch's own kernel for a format,
 * or through oneDNN's on weights in its own order where it has one and it is faster.
 */
final class ScriptProducts implements Contender {

    private static final int TRIALS = 3;

    private final Bed bed;
    private final Format format;
    private final NDManager manager;
    private final Map<Mode, List<IValue>> inputs = new EnumMap<>(Mode.class);
    private final Set<Mode> fasterReordered = EnumSet.noneOf(Mode.class);
    private @Nullable IValue reordered;

    ScriptProducts(Bed bed, Format format) {
        this.bed = bed;
        this.format = format;
        manager = bed.manager().newSubManager();
    }

    @Override
    public ContenderKind kind() {
        return ContenderKind.PRODUCTS;
    }

    @Override
    public Format format() {
        return format;
    }

    @Override
    public void prepare() {
        for (Mode mode : bed.workload().modes()) {
            ProductInputs made = ProductInputs.of(bed, manager, mode);
            try (IValue all = ScriptModel.tensors(made.arrays());
                    IValue tied = IValue.from(false)) {
                IValue arrays = bed.script(format).module().run("narrowed", all, tied, all);
                long[] which = made.which().stream().mapToLong(Integer::longValue).toArray();
                inputs.put(mode, List.of(arrays, IValue.listFrom(which)));
            }
        }
        if (format != Format.INT4) {
            tryReordered();
        }
    }

    private void tryReordered() {
        ScriptModel script = bed.script(format);
        IValue made = reorder(script);
        reordered = made;
        for (Mode mode : bed.workload().modes()) {
            double plain = Double.POSITIVE_INFINITY;
            double other = Double.POSITIVE_INFINITY;
            for (int i = 0; i < TRIALS; i++) {
                plain = Math.min(plain, seconds(() -> run(mode, "products", script.matrices())));
                other = Math.min(other, seconds(() -> run(mode, reorderedProducts(), made)));
            }
            if (other < plain) {
                fasterReordered.add(mode);
            }
        }
        if (fasterReordered.isEmpty()) {
            made.close();
            reordered = null;
        }
    }

    private IValue reorder(ScriptModel script) {
        if (format != Format.INT8) {
            return script.module().run("reordered", script.matrices());
        }
        try (IValue weights =
                ScriptModel.tensors(bed.matrices().stream().map(Bed.Matrix::weight).toList())) {
            return script.module().run("reordered_int8", weights);
        }
    }

    private String reorderedProducts() {
        return format == Format.INT8 ? "reordered_int8_products" : "reordered_products";
    }

    private static double seconds(Runnable step) {
        long start = System.nanoTime();
        step.run();
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void step(Mode mode) {
        if (reordered != null && fasterReordered.contains(mode)) {
            run(mode, reorderedProducts(), reordered);
        } else {
            run(mode, "products", bed.script(format).matrices());
        }
    }

    private void run(Mode mode, String method, IValue matrices) {
        List<IValue> rows = inputs.get(mode);
        if (rows == null) {
            throw new IllegalStateException("no inputs for " + mode + ": call prepare() first");
        }
        bed.script(format).module().runToHost(method, rows.get(0), rows.get(1), matrices);
    }

    @Override
    public float[] output() {
        return new float[0];
    }

    @Override
    public void close() {
        if (reordered != null) {
            reordered.close();
        }
        inputs.values().forEach(both -> both.forEach(IValue::close));
        manager.close();
    }
}

package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The matrix products of a model through torch's kernel for a format, one native call a step. */
final class ScriptProducts implements Contender {

    private final Bed bed;
    private final Format format;
    private final NDManager manager;
    private final Map<Mode, List<IValue>> inputs = new EnumMap<>(Mode.class);

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
    }

    @Override
    public void step(Mode mode) {
        List<IValue> rows = inputs.get(mode);
        if (rows == null) {
            throw new IllegalStateException("no inputs for " + mode + ": call prepare() first");
        }
        ScriptModel script = bed.script(format);
        script.module().runToHost("products", rows.get(0), rows.get(1), script.matrices());
    }

    @Override
    public float[] output() {
        return new float[0];
    }

    @Override
    public void close() {
        inputs.values().forEach(both -> both.forEach(IValue::close));
        manager.close();
    }
}

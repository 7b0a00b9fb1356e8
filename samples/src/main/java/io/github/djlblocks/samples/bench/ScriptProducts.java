package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The matrix products of a model through torch's kernel for a format, one native call a step. */
final class ScriptProducts implements Contender {

    private final Bed bed;
    private final Format format;
    private final NDManager manager;
    private final Map<Mode, IValue> inputs = new EnumMap<>(Mode.class);

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
            List<NDArray> rows = rows(bed, manager, mode);
            try (IValue all = ScriptModel.tensors(rows);
                    IValue tied = IValue.from(false)) {
                inputs.put(mode, bed.script(format).module().run("narrowed", all, tied, all));
            }
        }
    }

    /**
     * What each matrix is multiplied with: all tokens, but of a prompt only the last at the head.
     */
    static List<NDArray> rows(Bed bed, NDManager manager, Mode mode) {
        List<Bed.Matrix> matrices = bed.matrices();
        List<NDArray> rows = new ArrayList<>();
        for (int i = 0; i < matrices.size(); i++) {
            boolean head = !bed.workload().encoder() && i == matrices.size() - 1;
            int tokens = head ? 1 : bed.workload().tokens(mode);
            rows.add(manager.ones(new Shape(tokens, matrices.get(i).weight().getShape().get(1))));
        }
        return rows;
    }

    @Override
    public void step(Mode mode) {
        IValue rows = inputs.get(mode);
        if (rows == null) {
            throw new IllegalStateException("no inputs for " + mode + ": call prepare() first");
        }
        ScriptModel script = bed.script(format);
        script.module().runToHost("products", rows, script.matrices());
    }

    @Override
    public float[] output() {
        return new float[0];
    }

    @Override
    public void close() {
        inputs.values().forEach(IValue::close);
        manager.close();
    }
}

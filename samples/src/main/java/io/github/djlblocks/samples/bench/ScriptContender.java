package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.List;

/** The model as one hand-written TorchScript method, one native call a step. */
final class ScriptContender implements Contender {

    private static final float ROPE_THETA = 10000;

    private final Bed bed;
    private final Format format;
    private final List<IValue> owned = new ArrayList<>();
    private final NDManager manager;
    private float[] output = new float[0];
    private IValue[] prompt = {};
    private IValue[] token = {};

    ScriptContender(Bed bed, Format format) {
        this.bed = bed;
        this.format = format;
        manager = bed.manager().newSubManager();
    }

    @Override
    public ContenderKind kind() {
        return ContenderKind.SCRIPT;
    }

    @Override
    public Format format() {
        return format;
    }

    @Override
    public void prepare() {
        Workload workload = bed.workload();
        ScriptModel model = bed.script(format);
        IValue ids = own(IValue.from((PtNDArray) bed.ids(workload.prompt())));
        if (workload.encoder()) {
            IValue heads = own(IValue.from((long) workload.heads()));
            prompt = new IValue[] {ids, model.vectors(), model.matrices(), heads};
            return;
        }
        IValue table = narrowed(table(workload));
        IValue none = own(IValue.from(0L));
        IValue keys = cache(workload);
        IValue values = cache(workload);
        prompt = new IValue[] {ids, model.vectors(), model.matrices(), keys, values, table, none};
        IValue one = own(IValue.from((PtNDArray) bed.ids(1)));
        IValue past = own(IValue.from((long) workload.context()));
        token = new IValue[] {one, model.vectors(), model.matrices(), keys, values, table, past};
        // The tokens that a decoded one looks at.
        step(Mode.PREFILL);
    }

    @Override
    public void step(Mode mode) {
        output =
                bed.script(format)
                        .module()
                        .runToHost("forward", mode == Mode.DECODE ? token : prompt);
    }

    @Override
    public float[] output() {
        return output;
    }

    private IValue cache(Workload workload) {
        Shape shape =
                new Shape(1, workload.keyValueHeads(), workload.capacity(), workload.headDim());
        List<NDArray> arrays = new ArrayList<>();
        for (int i = 0; i < workload.layers(); i++) {
            arrays.add(manager.zeros(shape));
        }
        return narrowed(arrays);
    }

    /** Cosines and sines, (positions, headDim), each half the same. */
    private List<NDArray> table(Workload workload) {
        int d = workload.headDim();
        int n = workload.capacity();
        float[] cos = new float[n * d];
        float[] sin = new float[n * d];
        for (int p = 0; p < n; p++) {
            for (int i = 0; i < d; i++) {
                double angle = p * Math.pow(ROPE_THETA, -2.0 * (i % (d / 2)) / d);
                cos[p * d + i] = (float) Math.cos(angle);
                sin[p * d + i] = (float) Math.sin(angle);
            }
        }
        Shape shape = new Shape(n, d);
        return List.of(manager.create(cos, shape), manager.create(sin, shape));
    }

    private IValue narrowed(List<NDArray> arrays) {
        try (IValue all = ScriptModel.tensors(arrays);
                IValue tied = IValue.from(false)) {
            return own(bed.script(format).module().run("narrowed", all, tied, all));
        }
    }

    private IValue own(IValue value) {
        owned.add(value);
        return value;
    }

    @Override
    public void close() {
        owned.forEach(IValue::close);
        manager.close();
    }
}

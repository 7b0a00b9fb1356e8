package io.github.djlblocks.samples.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.Pair;
import io.github.djlblocks.core.KernelBlock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the contenders of one workload on one engine share: the model with its random FLOAT32
 * weights, the inputs, and the weights packed for TorchScript. Made when first asked for.
 */
final class Bed implements AutoCloseable {

    private static final int SEED = 7;
    private static final double TABLE_SPREAD = 0.05;
    private static final double VECTOR_SPREAD = 0.1;

    private final Workload workload;
    private final String engine;
    private final NDManager manager;
    private final Map<Format, ScriptModel> scripts = new EnumMap<>(Format.class);
    private @Nullable KernelBlock block;

    Bed(Workload workload, String engine) {
        this.workload = workload;
        this.engine = engine;
        manager = Engine.getEngine(engine).newBaseManager(Device.cpu());
    }

    Workload workload() {
        return workload;
    }

    String engine() {
        return engine;
    }

    NDManager manager() {
        return manager;
    }

    PtNDManager torch() {
        return (PtNDManager) manager;
    }

    /** The model of this library. */
    KernelBlock block() {
        if (block == null) {
            manager.getEngine().setRandomSeed(SEED);
            KernelBlock model = workload.block();
            model.freezeParameters(true);
            for (Pair<String, Parameter> parameter : model.getParameters()) {
                String name = parameter.getKey();
                parameter.getValue().setInitializer((m, s, t) -> initial(name, m, s, t));
            }
            model.initialize(manager, DataType.FLOAT32, new Shape(1, workload.prompt()));
            // MXNet makes arrays in the background: now they are there.
            for (Pair<String, Parameter> parameter : model.getParameters()) {
                NDArray array = parameter.getValue().getArray();
                array.getFloat(new long[array.getShape().dimension()]);
            }
            block = model;
        }
        return block;
    }

    /** Its matrices of layers and head, in the order they are used, each with its bias. */
    List<Matrix> matrices() {
        List<Matrix> matrices = new ArrayList<>();
        List<Pair<String, Parameter>> all = new ArrayList<>();
        block().getParameters().forEach(all::add);
        for (int i = 0; i < all.size(); i++) {
            if (isMatrix(all.get(i))) {
                boolean biased = i + 1 < all.size() && all.get(i + 1).getKey().endsWith("_bias");
                matrices.add(
                        new Matrix(
                                all.get(i).getValue().getArray(),
                                biased ? all.get(i + 1).getValue().getArray() : null));
            }
        }
        if (workload.tied()) {
            matrices.add(new Matrix(all.get(0).getValue().getArray(), null));
        }
        return matrices;
    }

    /** Everything that is not a {@linkplain #matrices() matrix}: tables, norms, biases. */
    List<NDArray> vectors() {
        List<NDArray> vectors = new ArrayList<>();
        for (Pair<String, Parameter> parameter : block().getParameters()) {
            if (!isMatrix(parameter)) {
                vectors.add(parameter.getValue().getArray());
            }
        }
        return vectors;
    }

    /** The TorchScript module in a format, and its packed weights. */
    ScriptModel script(Format format) {
        return scripts.computeIfAbsent(format, key -> new ScriptModel(this, key));
    }

    /** Token ids, (batch, length). */
    NDArray ids(int length) {
        long[] ids = new long[workload.batch() * length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 7919L + 13) % workload.vocabulary();
        }
        return manager.create(ids, new Shape(workload.batch(), length));
    }

    @Override
    public void close() {
        scripts.values().forEach(ScriptModel::close);
        if (block != null) {
            block.clear();
        }
        manager.close();
    }

    private static boolean isMatrix(Pair<String, Parameter> parameter) {
        return parameter.getValue().getShape().dimension() == 2
                && !parameter.getKey().contains("embedding");
    }

    /** Uniform, so that what enters a layer leaves it about as large. */
    private static NDArray initial(String name, NDManager manager, Shape shape, DataType type) {
        boolean table = name.contains("embedding") && shape.dimension() == 2;
        double center = name.endsWith("norm_weight") ? 1 : 0;
        double spread = table ? TABLE_SPREAD : VECTOR_SPREAD;
        if (!table && shape.dimension() == 2) {
            spread = Math.sqrt(3.0 / shape.get(1));
        }
        return manager.randomUniform(
                (float) (center - spread), (float) (center + spread), shape, type);
    }

    /**
     * A weight matrix.
     *
     * @param weight (outputs, inputs)
     * @param bias (outputs), or none
     */
    record Matrix(NDArray weight, @Nullable NDArray bias) {}
}

package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.core.Linear;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The matrix products of a model through DJL, for engines without TorchScript. */
final class EngineProducts implements Contender {

    private final Bed bed;
    private final NDManager manager;
    private final Map<Mode, ProductInputs> inputs = new EnumMap<>(Mode.class);

    EngineProducts(Bed bed) {
        this.bed = bed;
        manager = bed.manager().newSubManager();
    }

    @Override
    public ContenderKind kind() {
        return ContenderKind.PRODUCTS;
    }

    @Override
    public Format format() {
        return Format.FLOAT32;
    }

    @Override
    public void prepare() {
        for (Mode mode : bed.workload().modes()) {
            inputs.put(mode, ProductInputs.of(bed, manager, mode));
        }
    }

    @Override
    public void step(Mode mode) {
        ProductInputs rows = inputs.get(mode);
        if (rows == null) {
            throw new IllegalStateException("no inputs for " + mode + ": call prepare() first");
        }
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray product = rows.of(0);
            List<Bed.Matrix> matrices = bed.matrices();
            for (int i = 0; i < matrices.size(); i++) {
                NDArray weight = matrices.get(i).weight();
                product = Linear.linear(rows.of(i), weight, null).singletonOrThrow();
            }
            // MXNet computes in the background, in order: reading the last waits for all.
            product.toFloatArray();
        }
    }

    @Override
    public float[] output() {
        return new float[0];
    }

    @Override
    public void close() {
        manager.close();
    }
}

package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import org.jspecify.annotations.Nullable;

/**
 * A stack of DJL's {@link TransformerEncoderBlock}, from the embeddings on. It has batch norm where
 * BERT has layer norm, so only its speed is compared.
 */
final class DjlContender implements Contender {

    private final Bed bed;
    private final NDManager manager;
    private final SequentialBlock stack = new SequentialBlock();
    private final ParameterStore store;
    private @Nullable NDArray input;

    DjlContender(Bed bed) {
        this.bed = bed;
        manager = bed.manager().newSubManager();
        store = new ParameterStore(manager, false);
    }

    @Override
    public ContenderKind kind() {
        return ContenderKind.DJL;
    }

    @Override
    public Format format() {
        return Format.FLOAT32;
    }

    @Override
    public void prepare() {
        Workload workload = bed.workload();
        for (int i = 0; i < workload.layers(); i++) {
            stack.add(
                    new TransformerEncoderBlock(
                            workload.hidden(),
                            workload.heads(),
                            workload.feedForward(),
                            0,
                            Activation::gelu));
        }
        Shape shape = new Shape(workload.batch(), workload.prompt(), workload.hidden());
        stack.freezeParameters(true);
        stack.initialize(manager, DataType.FLOAT32, shape);
        input = manager.randomNormal(shape);
    }

    @Override
    public void step(Mode mode) {
        if (input == null) {
            throw new IllegalStateException("call prepare() first");
        }
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            stack.forward(store, new NDList(input), false).singletonOrThrow().toFloatArray();
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

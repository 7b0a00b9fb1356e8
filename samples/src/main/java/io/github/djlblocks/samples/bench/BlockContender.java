package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.TorchScript;
import org.jspecify.annotations.Nullable;

/**
 * The model of this library: as it is, with the engine computing one operation after the other, or
 * compiled.
 */
final class BlockContender implements Contender {

    private final Bed bed;
    private final ContenderKind kind;
    private final Format format;
    private final NDManager manager;
    private @Nullable Block block;
    private final ParameterStore store;
    private @Nullable NDArray prompt;
    private @Nullable NDArray token;
    private @Nullable KeyValueCache forPrompt;
    private @Nullable KeyValueCache forToken;
    private float[] output = new float[0];

    private BlockContender(Bed bed, ContenderKind kind, Format format) {
        this.bed = bed;
        this.kind = kind;
        this.format = format;
        manager = bed.manager().newSubManager();
        store = new ParameterStore(manager, false);
    }

    static BlockContender portable(Bed bed) {
        return new BlockContender(bed, ContenderKind.PORTABLE, Format.FLOAT32);
    }

    static BlockContender compiled(Bed bed, Format format) {
        return new BlockContender(bed, ContenderKind.COMPILED, format);
    }

    @Override
    public ContenderKind kind() {
        return kind;
    }

    @Override
    public Format format() {
        return format;
    }

    @Override
    public void prepare() {
        Workload workload = bed.workload();
        block = kind == ContenderKind.COMPILED ? compiled() : bed.block();
        prompt = bed.ids(workload.prompt());
        if (!workload.encoder()) {
            token = bed.ids(1);
            forPrompt = cache(workload);
            forToken = cache(workload);
            forward(bed.ids(workload.context()), forToken);
        }
    }

    /** A pass that cannot be compiled is an error. */
    private Block compiled() {
        CompileOptions options = CompileOptions.defaults().demanded().withWeights(format.weights());
        return TorchScript.compiled(bed.block(), manager, options);
    }

    private KeyValueCache cache(Workload workload) {
        return KeyValueCache.preallocated(manager, workload.layers(), workload.capacity());
    }

    @Override
    public void step(Mode mode) {
        switch (mode) {
            case ENCODE -> output = forward(prepared(prompt), null);
            case PREFILL -> {
                prepared(forPrompt).truncate(0);
                output = forward(prepared(prompt), forPrompt);
            }
            case DECODE -> {
                output = forward(prepared(token), forToken);
                prepared(forToken).truncate(bed.workload().context());
            }
        }
    }

    private float[] forward(NDArray ids, @Nullable KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        if (cache != null) {
            params.add(CausalLanguageModel.CACHE, cache);
            params.add(CausalLanguageModel.LAST_ONLY, true);
        }
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            return prepared(block)
                    .forward(store, new NDList(ids), false, params)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    private static <T> T prepared(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("call prepare() first, and step with a mode it has");
        }
        return value;
    }

    @Override
    public float[] output() {
        return output;
    }

    @Override
    public void close() {
        manager.close();
    }
}

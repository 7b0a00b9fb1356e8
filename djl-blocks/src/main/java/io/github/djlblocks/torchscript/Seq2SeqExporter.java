package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqDecoder;
import java.io.IOException;
import java.nio.file.Path;

/** The methods of an encoder-decoder. */
final class Seq2SeqExporter {

    /** Longer than 1: free in the file. */
    private static final Shape TOKENS = new Shape(2, 2);

    private final EncoderDecoder model;
    private final DecoderExportOptions options;

    Seq2SeqExporter(EncoderDecoder model, DecoderExportOptions options) {
        if (options.hasPositions() || !options.policies().isEmpty()) {
            throw new UnsupportedOperationException(
                    "an encoder-decoder counts its positions itself and keeps all of a sequence:"
                            + " leave optPositions and optPolicies out");
        }
        this.model = model;
        this.options = options;
    }

    void write(Path path) throws IOException {
        ModuleTree.requireValues(model);
        Parameter any = ParameterPaths.of(model).values().iterator().next();
        int layers = model.getDecoder().getLayers();
        try (NDManager manager = any.getArray().getManager().newSubManager();
                KeyValueCache none = KeyValueCache.growing(manager, layers);
                KeyValueCache noMemory = KeyValueCache.memory(manager, layers);
                KeyValueCache some = KeyValueCache.growing(manager, layers);
                KeyValueCache someMemory = KeyValueCache.memory(manager, layers)) {
            NDArray ids = manager.zeros(TOKENS, DataType.INT64);
            ParameterStore store = new ParameterStore(manager, false);
            NDArray memory = model.getEncoder().forward(store, new NDList(ids), false).get(0);
            // What decode continues must hold a memory, or it would compute one.
            PairList<String, Object> held = params(some, someMemory);
            model.getDecoder().forward(store, new NDList(ids, memory), false, held).close();
            ExportOptions file =
                    options.file()
                            .addMethod("forward", withMask(forward()).build())
                            .addMethod("encode", withMask(encode()).build())
                            .addMethod(
                                    "prefill",
                                    decoder(memory, params(none, noMemory))
                                            .optStartsAnew(true)
                                            .build())
                            .addMethod("decode", decoder(memory, held).build())
                            .build();
            new Exporter(model, file).write(path);
        }
    }

    private PairList<String, Object> params(KeyValueCache cache, KeyValueCache memory) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        params.add(Seq2SeqDecoder.MEMORY_CACHE, memory);
        params.add(CausalLanguageModel.LAST_ONLY, !options.allLogits());
        return params;
    }

    private static ExportMethod.Builder forward() {
        return ExportMethod.builder()
                .addInput("source", TOKENS, DataType.INT64)
                .addInput("ids", TOKENS, DataType.INT64);
    }

    private ExportMethod.Builder encode() {
        return ExportMethod.builder()
                .addInput("source", TOKENS, DataType.INT64)
                .optPart(model.getEncoder());
    }

    private ExportMethod.Builder decoder(NDArray memory, PairList<String, Object> params) {
        return withMask(
                        ExportMethod.builder()
                                .addInput("ids", TOKENS, DataType.INT64)
                                .addInput("memory", memory))
                .optPart(model.getDecoder())
                .optParams(params)
                .optCaches(options.caches())
                .optContextLength(model.getDecoder().getContextLength());
    }

    private ExportMethod.Builder withMask(ExportMethod.Builder method) {
        return options.hasMask() ? method.addInput("mask", TOKENS, DataType.INT64) : method;
    }
}

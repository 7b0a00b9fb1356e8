package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/** The methods of a language model. */
final class DecoderExporter {

    /** Longer than 1: free in the file. */
    private static final Shape TOKENS = new Shape(2, 2);

    private final CausalLanguageModel model;
    private final DecoderExportOptions options;

    DecoderExporter(CausalLanguageModel model, DecoderExportOptions options) {
        this.model = model;
        this.options = options;
    }

    void write(Path path) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                KeyValueCache cache = KeyValueCache.of(manager, policies())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            params.add(CausalLanguageModel.LAST_ONLY, !options.allLogits());
            ExportOptions file =
                    options.file()
                            .addMethod("forward", method().build())
                            .addMethod("prefill", cached(params).optStartsAnew(true).build())
                            .addMethod("decode", cached(params).build())
                            .build();
            new Exporter(model, file).write(path);
        }
    }

    private List<CachePolicy> policies() {
        List<CachePolicy> given = options.policies();
        if (given.isEmpty()) {
            return Collections.nCopies(model.getLayers(), CachePolicy.growing());
        }
        if (given.size() != model.getLayers()) {
            throw new IllegalArgumentException(
                    given.size()
                            + " cache policies for "
                            + model.getLayers()
                            + " layers: give one for each");
        }
        return given;
    }

    private ExportMethod.Builder cached(PairList<String, Object> params) {
        return method().optParams(params)
                .optCaches(options.caches())
                .optContextLength(model.getContextLength());
    }

    private ExportMethod.Builder method() {
        ExportMethod.Builder method = ExportMethod.builder();
        method.addInput("ids", TOKENS, DataType.INT64);
        if (options.hasMask()) {
            method.addInput("mask", TOKENS, DataType.INT64);
        }
        if (options.hasPositions()) {
            method.addInput("positions", TOKENS, DataType.INT64);
        }
        return method;
    }
}

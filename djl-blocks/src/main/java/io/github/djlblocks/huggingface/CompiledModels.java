package io.github.djlblocks.huggingface;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.djl.util.Progress;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.format.WeightSelection;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqDecoder;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only place that uses the compiler: this class must not be touched where the engine PyTorch
 * may be missing.
 */
final class CompiledModels {

    private static final Logger LOG = LoggerFactory.getLogger(HuggingFaceModels.class);

    private CompiledModels() {}

    /** Compiles a loaded model over its parameters. */
    static void compile(KernelBlock model, NDManager manager, boolean required) {
        CompileOptions options = CompileOptions.defaults();
        TorchScript.compile(model, parts(model), manager, required ? options.demanded() : options);
        if (required) {
            run(model, manager);
        }
        LOG.info("{} is compiled, weights as they are", model.getClass().getSimpleName());
    }

    /**
     * Compiles a model of which no parameter has values over the tensors of a checkpoint, packed.
     * Everything is packed when this returns, and the checkpoint is needed no longer.
     */
    static void pack(
            KernelBlock model,
            NDManager manager,
            WeightSelection selection,
            TensorSource source,
            LoadReport report,
            @Nullable Progress progress) {
        long start = System.nanoTime();
        Map<Parameter, String> tensors = new HashMap<>();
        ParameterPaths.of(model)
                .forEach((path, parameter) -> tensors.put(parameter, report.loaded().get(path)));
        Consumer<String> told = told(progress, report.loaded().size());
        NDManager own = manager.newSubManager();
        own.setName("packed");
        boolean packed = false;
        try {
            CompileOptions options =
                    CompileOptions.defaults()
                            .withWeights(selection)
                            .withSource(
                                    parameter -> {
                                        String tensor =
                                                Objects.requireNonNull(tensors.get(parameter));
                                        told.accept(tensor);
                                        return (row, values) ->
                                                source.readFloats(
                                                        tensor, (long) row * values.length, values);
                                    })
                            .demanded();
            TorchScript.compile(model, parts(model), own, options);
            run(model, own);
            if (progress != null) {
                progress.end();
            }
            packed = true;
        } finally {
            if (!packed) {
                own.close();
            }
        }
        LOG.info(
                "{} is compiled, weights packed as {} in {} ms",
                model.getClass().getSimpleName(),
                selection,
                (System.nanoTime() - start) / 1_000_000);
    }

    /** Counts each tensor once, when it is first asked for. */
    private static Consumer<String> told(@Nullable Progress progress, int tensors) {
        if (progress == null) {
            return tensor -> {};
        }
        progress.reset("Packing parameters", tensors);
        progress.start(0);
        Set<String> asked = ConcurrentHashMap.newKeySet();
        return tensor -> {
            if (asked.add(tensor)) {
                progress.increment(1);
            }
        };
    }

    /** What is compiled: a whole model, but of an encoder-decoder the two that take turns. */
    private static List<KernelBlock> parts(KernelBlock model) {
        return model instanceof EncoderDecoder both
                ? List.of(both.getEncoder(), both.getDecoder())
                : List.of(model);
    }

    /** Runs what passes need when they first come. */
    private static void run(KernelBlock model, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            if (model instanceof CausalLanguageModel decoder) {
                run(decoder, scratch);
                return;
            }
            if (model instanceof EncoderDecoder both) {
                run(both, scratch);
                return;
            }
            ParameterStore store = new ParameterStore(scratch, false);
            model.forward(store, new NDList(scratch.zeros(new Shape(1, 2), DataType.INT64)), false);
        }
    }

    /** A pass over both sequences, and two steps of the decoder with caches. */
    private static void run(EncoderDecoder model, NDManager scratch) {
        ParameterStore store = new ParameterStore(scratch, false);
        Seq2SeqDecoder decoder = model.getDecoder();
        int length = Math.min(2, decoder.getContextLength());
        NDArray ids = scratch.zeros(new Shape(1, length), DataType.INT64);
        model.forward(store, new NDList(ids, ids), false);
        NDArray memory = model.getEncoder().forward(store, new NDList(ids), false).get(0);
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, KeyValueCache.growing(scratch, decoder.getLayers()));
        params.add(Seq2SeqDecoder.MEMORY_CACHE, KeyValueCache.memory(scratch, decoder.getLayers()));
        params.add(CausalLanguageModel.LAST_ONLY, true);
        for (int step = 0; step < length; step++) {
            NDArray id = scratch.zeros(new Shape(1, 1), DataType.INT64);
            decoder.forward(store, new NDList(id, memory), false, params);
        }
    }

    /** A short prompt and one step. */
    private static void run(CausalLanguageModel model, NDManager scratch) {
        int prompt = model.getContextLength() > 2 ? 2 : 1;
        ParameterStore store = new ParameterStore(scratch, false);
        KeyValueCache cache = KeyValueCache.growing(scratch, model.getLayers());
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        params.add(CausalLanguageModel.LAST_ONLY, true);
        step(model, store, scratch, prompt, params);
        if (model.getContextLength() > prompt) {
            step(model, store, scratch, 1, params);
        }
    }

    private static void step(
            CausalLanguageModel model,
            ParameterStore store,
            NDManager manager,
            int length,
            PairList<String, Object> params) {
        NDArray ids = manager.zeros(new Shape(1, length), DataType.INT64);
        model.forward(store, new NDList(ids), false, params);
    }
}

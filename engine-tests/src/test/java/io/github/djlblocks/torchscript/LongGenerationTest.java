package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.ProcessMemory;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory stays what it was over ten thousand steps, compiled and not. */
class LongGenerationTest {

    private static final int STEPS = 10_000;
    private static final int WARM = 1_000;
    private static final int WINDOW = 128;
    private static final int VOCABULARY = 4096;

    /** Logits of a step take 16 KiB: those of all steps, kept, 140 MiB. */
    private static final long GROWTH = 24L << 20;

    static Stream<CachePolicy> forward_overTenThousandTokens_memoryStaysFlat() {
        return Stream.of(CachePolicy.preallocated(STEPS), CachePolicy.rolling(WINDOW));
    }

    @ParameterizedTest
    @MethodSource
    void forward_overTenThousandTokens_memoryStaysFlat(CachePolicy policy)
            throws InterruptedException {
        try (NDManager manager = EngineUnderTest.onCpu("PyTorch").newManager()) {
            CausalLanguageModel model = model(manager);
            TorchScript.compile(model, manager, CompileOptions.defaults().demanded());
            assertFlat(manager, model, policy);
        }
    }

    @Test
    void forward_overTenThousandTokensBlockByBlock_memoryStaysFlat() throws InterruptedException {
        try (NDManager manager = EngineUnderTest.onCpu("PyTorch").newManager()) {
            assertFlat(manager, model(manager), CachePolicy.rolling(WINDOW));
        }
    }

    private static CausalLanguageModel model(NDManager manager) {
        CausalLanguageModel model =
                Decoders.languageModel(
                        DecoderConfig.builder()
                                .setVocabularySize(VOCABULARY)
                                .setHiddenSize(32)
                                .setFeedForwardSize(48)
                                .setLayers(1)
                                .setQueryHeads(4)
                                .optKeyValueHeads(2)
                                .setContextLength(STEPS)
                                .build());
        model.freezeParameters(true);
        model.setInitializer(new NormalInitializer(0.1f), Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static void assertFlat(NDManager manager, CausalLanguageModel model, CachePolicy policy)
            throws InterruptedException {
        KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
        ParameterStore store = new ParameterStore(manager, false);
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        long arrays = 0;
        long resident = 0;
        for (int step = 0; step < STEPS; step++) {
            if (step == WARM) {
                arrays = manager.getManagedArrays().size();
                resident = residentWithoutHeap();
            }
            try (NDManager own = manager.newSubManager()) {
                NDList ids =
                        new NDList(own.create(new long[] {step % VOCABULARY}, new Shape(1, 1)));
                model.forward(store, ids, false, params).close();
            }
        }
        assertThat(cache.length()).isEqualTo(STEPS);
        assertThat((long) manager.getManagedArrays().size()).isEqualTo(arrays);
        // Buffers of Java go some time after the collection that finds them.
        long growth = residentWithoutHeap() - resident;
        for (int i = 0; i < 20 && growth >= GROWTH; i++) {
            Thread.sleep(100);
            growth = residentWithoutHeap() - resident;
        }
        assertThat(growth).isLessThan(GROWTH);
        cache.close();
    }

    private static long residentWithoutHeap() {
        System.gc();
        return ProcessMemory.residentBytes().orElse(0) - Runtime.getRuntime().totalMemory();
    }
}

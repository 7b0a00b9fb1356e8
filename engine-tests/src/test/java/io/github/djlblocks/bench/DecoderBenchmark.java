package io.github.djlblocks.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A decoder of SmolLM-135M's width with 4 layers, against the bare matrix products it is made of.
 *
 * <p>Every method runs in the same fork settings; the ratio of {@code prefill} to {@code
 * prefillProducts}, and of {@code decode} to {@code decodeProducts}, is what blocks cost.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class DecoderBenchmark {

    private static final int PROMPT = 256;
    private static final int LAYERS = 4;
    private static final int HIDDEN = 576;
    private static final int INNER = 1536;
    private static final int KEY_VALUE = 192;
    private static final int VOCABULARY = 4096;

    /** The engine. */
    @Param({"PyTorch", "MXNet"})
    public String engine = "PyTorch";

    private NDManager manager;
    private CausalLanguageModel model;
    private ParameterStore store;
    private KeyValueCache cache;
    private NDArray prompt;
    private NDArray token;
    private final List<NDArray> weights = new ArrayList<>();

    /** Makes the model, and a cache that holds the prompt. */
    @Setup(Level.Trial)
    public void setUp() {
        manager = Engine.getEngine(engine).newBaseManager(Device.cpu());
        DecoderConfig config =
                DecoderConfig.builder()
                        .setVocabularySize(VOCABULARY)
                        .setHiddenSize(HIDDEN)
                        .setFeedForwardSize(INNER)
                        .setLayers(LAYERS)
                        .setQueryHeads(9)
                        .setContextLength(2 * PROMPT)
                        .optKeyValueHeads(3)
                        .optTiedHead(true)
                        .build();
        model = Decoders.languageModel(config);
        model.freezeParameters(true);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, PROMPT));
        store = new ParameterStore(manager, false);
        prompt = manager.zeros(new Shape(1, PROMPT), DataType.INT64);
        token = manager.zeros(new Shape(1, 1), DataType.INT64);
        cache = KeyValueCache.growing(manager, LAYERS);
        forward(prompt, cache);
        for (int layer = 0; layer < LAYERS; layer++) {
            product(HIDDEN, HIDDEN);
            product(KEY_VALUE, HIDDEN);
            product(KEY_VALUE, HIDDEN);
            product(HIDDEN, HIDDEN);
            product(INNER, HIDDEN);
            product(INNER, HIDDEN);
            product(HIDDEN, INNER);
        }
        product(VOCABULARY, HIDDEN);
    }

    private void product(int outputs, int inputs) {
        weights.add(manager.randomNormal(new Shape(outputs, inputs)));
    }

    /** Frees everything. */
    @TearDown(Level.Trial)
    public void tearDown() {
        manager.close();
    }

    /**
     * Reads the prompt.
     *
     * @return a number that depends on the result
     */
    @Benchmark
    public float prefill() {
        try (KeyValueCache fresh = KeyValueCache.growing(manager, LAYERS)) {
            return forward(prompt, fresh);
        }
    }

    /**
     * Multiplies as {@link #prefill} does, and does nothing else.
     *
     * @return a number that depends on the result
     */
    @Benchmark
    public float prefillProducts() {
        return products(PROMPT);
    }

    /**
     * Reads one token after the prompt.
     *
     * @return a number that depends on the result
     */
    @Benchmark
    public float decode() {
        float result = forward(token, cache);
        cache.truncate(PROMPT);
        return result;
    }

    /**
     * Multiplies as {@link #decode} does, and does nothing else.
     *
     * @return a number that depends on the result
     */
    @Benchmark
    public float decodeProducts() {
        return products(1);
    }

    private float forward(NDArray ids, KeyValueCache keyValues) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, keyValues);
        params.add(CausalLanguageModel.LAST_ONLY, true);
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray logits = model.forward(store, new NDList(ids), false, params).get(0);
            return logits.getFloat(0, 0, 0);
        }
    }

    private float products(int rows) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            float sum = 0;
            for (int i = 0; i < weights.size(); i++) {
                NDArray weight = weights.get(i);
                boolean head = i == weights.size() - 1;
                NDArray x = manager.ones(new Shape(head ? 1 : rows, weight.getShape().get(1)));
                NDArray y = Linear.linear(x, weight, null).singletonOrThrow();
                if (head) {
                    sum = y.getFloat(0, 0);
                }
            }
            return sum;
        }
    }
}

package io.github.djlblocks.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.Seq2SeqDecoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Encoders and encoder-decoders: what does not fit is refused by name. */
class EncoderErrorsTest {

    private static final Shape IDS = new Shape(2, 3);

    private static EncoderConfig half(int hiddenSize, int types) {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(11)
                        .setContextLength(4)
                        .optTypes(types)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(hiddenSize)
                        .setFeedForwardSize(10)
                        .setLayers(2)
                        .setHeads(2)
                        .build());
    }

    private static EncoderDecoder model() {
        return EncoderDecoders.model(
                new Seq2SeqConfig(half(6, 0), half(6, 0), true, true, 1, false));
    }

    @Test
    void configs_sizesThatDoNotFit_areNamed() {
        refuses(
                () -> new Seq2SeqConfig(half(6, 0), half(6, 0), true, true, 0, false),
                "headScale (0.0) must be a finite number above 0");
        refuses(
                () -> new Seq2SeqConfig(half(6, 0), half(8, 0), true, true, 1, false),
                "a shared embedding has one size, but the encoder's is (11, 6) and the decoder's"
                        + " (11, 8)");
        refuses(
                () -> new Seq2SeqConfig(half(6, 0), half(6, 2), false, true, 1, false),
                "a decoder has no token types, got 2: set types to 0");
        refuses(() -> half(7, 0), "hiddenSize (7) is not divisible by heads (2): set headDim");
        refuses(
                () ->
                        EmbeddingConfig.builder()
                                .setVocabularySize(11)
                                .setContextLength(4)
                                .optPositionOffset(-1)
                                .build(),
                "positionOffset (-1) and types (0) must not be negative");
    }

    @Test
    void builders_partMissing_namesTheMethods() {
        refuses(
                () -> Encoder.builder().build(),
                "an encoder needs embeddings and at least one layer: call setEmbeddings and"
                        + " setLayers");
        refuses(
                () -> Seq2SeqDecoder.builder().build(),
                "a decoder needs embeddings, at least one layer and a head: call setEmbeddings,"
                        + " setLayers and setHead");
    }

    @Test
    void inputs_thatDoNotFit_areNamed() {
        Encoder encoder = Encoders.encoder(half(6, 0));
        refuses(
                encoder,
                "Encoder: token types were given, but its embeddings have none: give ids and"
                        + " attention mask only",
                IDS,
                IDS,
                IDS);
        refuses(
                encoder,
                "Encoder takes 1 to 3 inputs, ids (B, S), attention mask (B, S), token types (B,"
                        + " S), got 0");
        refuses(
                Encoders.encoder(half(6, 2)),
                "Encoder: input (2, 2, 3) has 3 axes, expected 2: ids (B, S), attention mask (B,"
                        + " S), token types (B, S)",
                IDS,
                IDS,
                new Shape(2, 2, 3));
        refuses(
                model(),
                "EncoderDecoder takes 2 to 4 inputs, ids (B, T), decoder ids (B, S), attention mask"
                        + " (B, T), decoder attention mask (B, S), got 1",
                IDS);
        refuses(
                model().getDecoder(),
                "Seq2SeqDecoder takes 2 to 4 inputs, ids (B, S), memory (B, T, M), memory mask (B,"
                        + " T), attention mask (B, P), got 1",
                IDS);
    }

    @EachEngine
    void encoder_maskOfAnotherLength_isNamed(NDManager manager) {
        Encoder encoder = Encoders.encoder(half(6, 0));
        encoder.initialize(manager, DataType.FLOAT32, IDS);
        NDList inputs =
                new NDList(
                        manager.ones(IDS, DataType.INT64),
                        manager.ones(new Shape(2, 4), DataType.INT64));

        assertThatThrownBy(() -> encoder.forward(store(manager), inputs, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("attention mask has shape (2, 4), expected (2, 3)");
    }

    /** Another memory is refused in the first layer, whose self-attention has passed by then. */
    @EachEngine
    void decoder_passThatFails_leavesTheCachesAsTheyWere(NDManager manager) {
        EncoderDecoder model = model();
        model.initialize(manager, DataType.FLOAT32, IDS, IDS);
        NDArray ids = manager.ones(IDS, DataType.INT64);
        NDArray memory = model.getEncoder().forward(store(manager), new NDList(ids), false).get(0);
        NDArray other = manager.ones(new Shape(2, 5, 6));
        NDArray good = manager.create(new long[] {1, 2}, new Shape(2, 1));
        Seq2SeqDecoder decoder = model.getDecoder();
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2);
                KeyValueCache memoryCache = KeyValueCache.memory(manager, 2)) {
            PairList<String, Object> params = params(cache, memoryCache);
            decoder.forward(store(manager), new NDList(ids, memory), false, params);

            assertThatThrownBy(
                            () ->
                                    decoder.forward(
                                            store(manager), new NDList(good, other), false, params))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("use one cache per memory");
            assertThat(cache.length()).isEqualTo(3);
            assertThat(memoryCache.length()).isEqualTo(3);
            NDArray next =
                    decoder.forward(store(manager), new NDList(good, memory), false, params).get(0);

            NDArray whole =
                    decoder.forward(store(manager), new NDList(ids.concat(good, 1), memory), false)
                            .get(0);
            double[] all = HostValues.of(whole);
            double[] last = HostValues.of(next);
            for (int v = 0; v < 11; v++) {
                assertThat(last[v]).isCloseTo(all[3 * 11 + v], rounding());
            }
            assertThatThrownBy(
                            () ->
                                    decoder.forward(
                                            store(manager),
                                            new NDList(good, memory),
                                            false,
                                            params))
                    .hasMessageStartingWith("5 tokens do not fit the context of 4");
        }
    }

    @EachEngine
    void decoder_cachesThatDoNotFit_areNamed(NDManager manager) {
        EncoderDecoder model = model();
        model.initialize(manager, DataType.FLOAT32, IDS, IDS);
        NDArray ids = manager.ones(IDS, DataType.INT64);
        NDArray memory = model.getEncoder().forward(store(manager), new NDList(ids), false).get(0);
        try (KeyValueCache three = KeyValueCache.growing(manager, 3);
                KeyValueCache memoryCache = KeyValueCache.memory(manager, 2)) {
            NDList inputs = new NDList(ids, memory);
            refuses(
                    () ->
                            model.getDecoder()
                                    .forward(
                                            store(manager),
                                            inputs,
                                            false,
                                            params(three, memoryCache)),
                    "keyValueCache has 3 slots but the decoder has 2 layers");
            PairList<String, Object> alone = new PairList<>();
            alone.add(Seq2SeqDecoder.MEMORY_CACHE, memoryCache);
            refuses(
                    () -> model.getDecoder().forward(store(manager), inputs, false, alone),
                    "a memory cache was given without a cache of the decoder itself: give both");
        }
    }

    private static Offset<Double> rounding() {
        return within(1e-5);
    }

    private static PairList<String, Object> params(KeyValueCache cache, KeyValueCache memoryCache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        params.add(Seq2SeqDecoder.MEMORY_CACHE, memoryCache);
        return params;
    }

    private static ParameterStore store(NDManager manager) {
        return new ParameterStore(manager, false);
    }

    private static void refuses(Block block, String message, Shape... inputs) {
        refuses(() -> block.getOutputShapes(inputs), message);
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}

package io.github.djlblocks.blocks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.blocks.BlockCase.Input;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Every public block of the library, once; no two sizes are the same. */
final class BlockCases {

    static final int B = 2;
    static final int S = 3;
    static final int E = 10;
    static final int H = 4;
    static final int K = 2;
    static final int D = 6;
    static final int F = 14;

    private BlockCases() {}

    /** Arguments {@code (BlockCase, EngineUnderTest)}. */
    static Stream<Arguments> onEveryEngine() {
        List<EngineUnderTest> engines = EnginesUnderTest.discover();
        return all().flatMap(block -> engines.stream().map(engine -> Arguments.of(block, engine)));
    }

    static Stream<BlockCase> all() {
        return Stream.of(
                hidden("Linear", () -> Linear.withBias(E, F), linear("", E, F, true), 1, E),
                new BlockCase(
                        "TokenEmbedding",
                        () -> TokenEmbedding.of(BlockCase.VOCABULARY, E),
                        List.of(ids()),
                        Map.of("weight", new Shape(BlockCase.VOCABULARY, E)),
                        1,
                        1),
                hidden("RmsNorm", BlockCases::rmsNorm, norm("", "weight"), 1, E),
                hidden("LayerNorm", BlockCases::layerNorm, norm("", "weight", "bias"), 2, E),
                hidden("DynamicTanh", BlockCases::dynamicTanh, dynamicTanh(""), 1, 1),
                hidden("GatedFeedForward", BlockCases::feedForward, feedForward(""), 2, F),
                rotary(),
                hidden("MultiHeadAttention", BlockCases::attention, attention(""), 4, H * D),
                hidden(
                        "Residual.pre",
                        () -> Residual.pre(rmsNorm(), attention()),
                        join(norm("norm.", "weight"), attention("sublayer.")),
                        5,
                        H * D),
                hidden(
                        "Residual.post",
                        () -> Residual.post(dynamicTanh(), feedForward()),
                        join(dynamicTanh("norm."), feedForward("sublayer.")),
                        3,
                        F),
                hidden(
                        "DeepNorm",
                        () -> DeepNorm.of(layerNorm(), feedForward(), constants()),
                        join(norm("norm.", "weight", "bias"), feedForward("sublayer.")),
                        4,
                        F),
                hidden("DecoderLayer", BlockCases::layer, layer(""), 8, H * D),
                model("CausalLanguageModel", List.of(ids()), true),
                model("CausalLanguageModel, padded and tied", padded(), false));
    }

    private static BlockCase hidden(
            String name,
            Supplier<Block> factory,
            Map<String, Shape> parameters,
            int stages,
            int longestSum) {
        Input x = new Input(Input.Kind.NUMBERS, new Shape(B, S, E), new Shape(-1, -1, E));
        return new BlockCase(name, factory, List.of(x), parameters, stages, longestSum);
    }

    private static BlockCase rotary() {
        Input x = new Input(Input.Kind.NUMBERS, new Shape(B, H, S, D), new Shape(-1, H, -1, D));
        return new BlockCase(
                "RotaryEmbedding",
                () -> RotaryEmbedding.builder().setHeadDim(D).optRotaryDim(4).build(),
                List.of(x, positions()),
                Map.of(),
                1,
                2);
    }

    private static BlockCase model(String name, List<Input> inputs, boolean hasHead) {
        Map<String, Shape> table = Map.of("embedding.weight", new Shape(BlockCase.VOCABULARY, E));
        Map<String, Shape> parameters =
                join(table, layer("layers.0."), layer("layers.1."), norm("norm.", "weight"));
        if (hasHead) {
            parameters = join(parameters, linear("head.", E, BlockCase.VOCABULARY, false));
        }
        return new BlockCase(name, () -> languageModel(hasHead), inputs, parameters, 18, H * D);
    }

    private static Block languageModel(boolean hasHead) {
        CausalLanguageModel.Builder builder =
                CausalLanguageModel.builder()
                        .setEmbedding(TokenEmbedding.of(BlockCase.VOCABULARY, E))
                        .setLayers(List.of(layer(), layer()))
                        .setContextLength(20)
                        .optNorm(rmsNorm());
        if (hasHead) {
            builder.optHead(Linear.withoutBias(E, BlockCase.VOCABULARY));
        }
        return builder.build();
    }

    static Block rmsNorm() {
        return RmsNorm.builder().setChannels(E).build();
    }

    static Block layerNorm() {
        return LayerNorm.builder().setChannels(E).build();
    }

    private static Block dynamicTanh() {
        return DynamicTanh.builder().setChannels(E).build();
    }

    static GatedFeedForward feedForward() {
        return GatedFeedForward.of(
                Linear.withBias(E, F), Linear.withBias(E, F), Linear.withBias(F, E));
    }

    static MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, H * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(H * D, E))
                .setQueryHeads(H)
                .optKeyValueHeads(K)
                .optCausal(true)
                .optRotary(RotaryEmbedding.builder().setHeadDim(D).build())
                .build();
    }

    static DecoderLayer layer() {
        return DecoderLayer.of(
                Residual.pre(rmsNorm(), attention()), Residual.pre(rmsNorm(), feedForward()));
    }

    static DeepNorm.Constants constants() {
        return DeepNorm.Constants.decoderOnly(6);
    }

    private static Input ids() {
        return new Input(Input.Kind.IDS, new Shape(B, S), new Shape(-1, -1));
    }

    private static Input positions() {
        return new Input(Input.Kind.POSITIONS, new Shape(B, S), new Shape(-1, -1));
    }

    private static List<Input> padded() {
        Input mask = new Input(Input.Kind.MASK, new Shape(B, S), new Shape(-1, -1));
        return List.of(ids(), mask, positions());
    }

    private static Map<String, Shape> layer(String prefix) {
        return join(
                norm(prefix + "attention.norm.", "weight"),
                attention(prefix + "attention.sublayer."),
                norm(prefix + "feedForward.norm.", "weight"),
                feedForward(prefix + "feedForward.sublayer."));
    }

    private static Map<String, Shape> attention(String prefix) {
        return join(
                linear(prefix + "query.", E, H * D, true),
                linear(prefix + "key.", E, K * D, true),
                linear(prefix + "value.", E, K * D, true),
                linear(prefix + "output.", H * D, E, true));
    }

    private static Map<String, Shape> feedForward(String prefix) {
        return join(
                linear(prefix + "gate.", E, F, true),
                linear(prefix + "up.", E, F, true),
                linear(prefix + "down.", F, E, true));
    }

    private static Map<String, Shape> linear(String prefix, int in, int out, boolean bias) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(prefix + "weight", new Shape(out, in));
        if (bias) {
            shapes.put(prefix + "bias", new Shape(out));
        }
        return shapes;
    }

    private static Map<String, Shape> norm(String prefix, String... names) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String name : names) {
            shapes.put(prefix + name, new Shape(E));
        }
        return shapes;
    }

    private static Map<String, Shape> dynamicTanh(String prefix) {
        return join(Map.of(prefix + "alpha", new Shape(1)), norm(prefix, "weight", "bias"));
    }

    @SafeVarargs
    private static Map<String, Shape> join(Map<String, Shape>... parts) {
        Map<String, Shape> all = new LinkedHashMap<>();
        for (Map<String, Shape> part : parts) {
            all.putAll(part);
        }
        return all;
    }
}

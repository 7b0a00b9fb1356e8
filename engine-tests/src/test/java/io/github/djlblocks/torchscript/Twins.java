package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A block twice, with the same parameters: one runs block by block, one compiled. */
record Twins<B extends KernelBlock>(
        B plain, B compiled, PassStatistics statistics, NDManager manager, DataType dataType) {

    static final int VOCABULARY = 13;
    static final int E = 12;
    static final int LAYERS = 2;

    static <B extends KernelBlock> Twins<B> of(
            Supplier<B> block, NDManager manager, DataType dataType, Shape... inputs) {
        return of(block, manager, dataType, CompileOptions.defaults().demanded(), inputs);
    }

    static <B extends KernelBlock> Twins<B> of(
            Supplier<B> block,
            NDManager manager,
            DataType dataType,
            CompileOptions options,
            Shape... inputs) {
        B plain = initialized(block.get(), manager, dataType, inputs);
        B compiled = initialized(block.get(), manager, dataType, inputs);
        PassStatistics statistics = TorchScript.compile(compiled, manager, options);
        return new Twins<>(plain, compiled, statistics, manager, dataType);
    }

    static <B extends Block> B initialized(
            B block, NDManager manager, DataType dataType, Shape... inputs) {
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) ->
                                                RandomTensors.toNDArray(
                                                        owner, values(path, shape), shape, type)));
        block.freezeParameters(true);
        block.initialize(manager, dataType, inputs);
        return block;
    }

    /** Of a size that keeps what goes through a matrix as large as it was. */
    private static double[] values(String path, Shape shape) {
        double[] values = RandomTensors.normal(path.hashCode(), shape.getShape());
        long terms = shape.dimension() < 2 ? 1 : shape.get(shape.dimension() - 1);
        return Arrays.stream(values).map(value -> value / Math.sqrt((double) terms)).toArray();
    }

    static DecoderConfig.Builder decoder(int contextLength) {
        return DecoderConfig.builder()
                .setVocabularySize(VOCABULARY)
                .setHiddenSize(E)
                .setFeedForwardSize(20)
                .setLayers(LAYERS)
                .setQueryHeads(4)
                .setContextLength(contextLength)
                .optKeyValueHeads(2)
                .optHeadDim(4);
    }

    static Twins<CausalLanguageModel> decoders(
            int contextLength, NDManager manager, DataType dataType) {
        return of(
                () -> Decoders.languageModel(decoder(contextLength).build()),
                manager,
                dataType,
                new Shape(1, 1));
    }

    NDArray plain(NDList inputs, @Nullable PairList<String, Object> params) {
        return forward(plain, inputs, params).get(0);
    }

    NDArray compiled(NDList inputs, @Nullable PairList<String, Object> params) {
        return forward(compiled, inputs, params).get(0);
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    static NDList forward(Block block, NDList inputs, @Nullable PairList<String, Object> params) {
        NDManager manager = inputs.get(0).getManager();
        return block.forward(new ParameterStore(manager, false), inputs, false, params);
    }

    NDArray random(long seed, long... shape) {
        return RandomTensors.toNDArray(
                manager, RandomTensors.normal(seed, shape), new Shape(shape), dataType);
    }

    /** Token ids that look random. */
    NDArray ids(long seed, int batch, int length) {
        long[] ids = new long[batch * length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.floorMod(31 * seed + 7L * i * i + 5L * i, VOCABULARY);
        }
        return manager.create(ids, new Shape(batch, length));
    }

    /** Two ways through two layers and a head over a number of keys: both may be off. */
    static Tolerance tolerance(DataType dataType, long keys) {
        long layer = E + 4 + keys + 16 + E + 20 + 2L * E;
        return Tolerance.of(
                dataType, 2 * (LAYERS * layer + 2L * E), dataType == DataType.FLOAT64 ? 8 : 4);
    }
}

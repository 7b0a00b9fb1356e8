package io.github.djlblocks.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;

/** Small models with the same random bits on every engine, and their logits without any cache. */
final class RandomModels {

    static final int VOCABULARY = 20;
    static final int CONTEXT = 64;

    private RandomModels() {}

    static CausalLanguageModel causal(NDManager manager, DataType dataType) {
        return causal(manager, dataType, 0);
    }

    /** The further the noise is from 0, the less a model agrees with the one without. */
    static CausalLanguageModel causal(NDManager manager, DataType dataType, double noise) {
        CausalLanguageModel model =
                Decoders.languageModel(
                        DecoderConfig.builder()
                                .setVocabularySize(VOCABULARY)
                                .setHiddenSize(24)
                                .setFeedForwardSize(32)
                                .setLayers(2)
                                .setQueryHeads(4)
                                .setContextLength(CONTEXT)
                                .optKeyValueHeads(2)
                                .build());
        return fill(model, manager, dataType, noise, new Shape(1, 1));
    }

    static EncoderDecoder seq2seq(NDManager manager, DataType dataType) {
        EncoderDecoder model =
                EncoderDecoders.model(
                        new Seq2SeqConfig(half(true), half(false), true, false, 1, false));
        return fill(model, manager, dataType, 0, new Shape(1, 1), new Shape(1, 1));
    }

    private static EncoderConfig half(boolean bidirectional) {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(VOCABULARY)
                        .setContextLength(CONTEXT)
                        .optPositions(EmbeddingConfig.Positions.NONE)
                        .optNorm(false)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(24)
                        .setFeedForwardSize(32)
                        .setLayers(2)
                        .setHeads(4)
                        .optNorm(StackConfig.Norm.RMS_NORM)
                        .optScheme(StackConfig.Scheme.PRE)
                        .optBias(false)
                        .optBuckets(new BucketSpec(8, 10, bidirectional))
                        .build());
    }

    private static <B extends Block> B fill(
            B model, NDManager manager, DataType dataType, double noise, Shape... shapes) {
        long seed = 100;
        for (Parameter parameter : ParameterPaths.of(model).values()) {
            long mine = seed++;
            parameter.setInitializer(
                    (owner, shape, type) -> {
                        double[] values = RandomTensors.normal(mine, shape.getShape());
                        double[] other = RandomTensors.normal(mine + 1000, shape.getShape());
                        double scale =
                                shape.dimension() == 2 ? 1 / Math.sqrt((double) shape.get(1)) : 1;
                        for (int i = 0; i < values.length; i++) {
                            values[i] = 1.5 * scale * (values[i] + noise * other[i]);
                        }
                        return RandomTensors.toNDArray(owner, values, shape, type);
                    });
        }
        model.initialize(manager, dataType, shapes);
        return model;
    }

    /** What comes after tokens, in one pass over all of them. */
    static double[] logits(CausalLanguageModel model, NDManager manager, long... tokens) {
        return last(manager, model, new long[][] {tokens});
    }

    /** What comes after tokens of the decoder, in one pass over all of them. */
    static double[] logits(EncoderDecoder model, NDManager manager, long[] source, long... tokens) {
        return last(manager, model, new long[][] {source}, new long[][] {tokens});
    }

    private static double[] last(NDManager manager, Block model, long[][]... inputs) {
        try (NDManager own = manager.newSubManager()) {
            NDList list = new NDList();
            for (long[][] input : inputs) {
                list.add(own.create(input));
            }
            NDArray logits = model.forward(new ParameterStore(own, false), list, false).get(0);
            double[] all = HostValues.of(logits);
            return Arrays.copyOfRange(all, all.length - VOCABULARY, all.length);
        }
    }

    static double[] softmax(double... logits) {
        double sum = Arrays.stream(logits).map(Math::exp).sum();
        return Arrays.stream(logits).map(logit -> Math.exp(logit) / sum).toArray();
    }

    static long[] join(long[] first, long... second) {
        long[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}

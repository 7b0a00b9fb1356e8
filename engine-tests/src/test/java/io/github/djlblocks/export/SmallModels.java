package io.github.djlblocks.export;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;

/** Whole models with random weights. */
enum SmallModels {
    /** Grouped heads, a tied head. */
    LLAMA {
        @Override
        Block block() {
            return Decoders.languageModel(
                    DecoderConfig.builder()
                            .setVocabularySize(VOCABULARY)
                            .setHiddenSize(16)
                            .setFeedForwardSize(20)
                            .setLayers(2)
                            .setQueryHeads(4)
                            .setContextLength(12)
                            .optKeyValueHeads(2)
                            .optTiedHead(true)
                            .build());
        }

        @Override
        NDList inputs(NDManager manager, int batch, int length) {
            return new NDList(ids(manager, batch, length));
        }
    },
    /** With the head of its masked language model, a padding mask and token types. */
    BERT {
        @Override
        Block block() {
            return Encoders.maskedLanguageModel(
                    new EncoderConfig(
                            embedding().optTypes(2).build(),
                            stack().optNormEpsilon(1e-12).build()));
        }

        @Override
        NDList inputs(NDManager manager, int batch, int length) {
            return new NDList(
                    ids(manager, batch, length),
                    mask(manager, batch, length),
                    ids(manager, batch, length).mod(2));
        }
    },
    /** An encoder and a decoder with one embedding, biases by distance, a padding mask. */
    T5 {
        @Override
        Block block() {
            return EncoderDecoders.model(
                    new Seq2SeqConfig(half(true), half(false), true, true, 0.25, false));
        }

        @Override
        NDList inputs(NDManager manager, int batch, int length) {
            return new NDList(
                    ids(manager, batch, length),
                    ids(manager, batch, length - 1),
                    mask(manager, batch, length));
        }
    };

    private static final int VOCABULARY = 23;

    abstract Block block();

    abstract NDList inputs(NDManager manager, int batch, int length);

    /** The model with random weights, small enough that attention looks at several tokens. */
    Block initialized(NDManager manager) {
        Block block = block();
        fill(block);
        Shape[] shapes = inputs(manager, 1, 2).getShapes();
        block.freezeParameters(true);
        block.initialize(manager, DataType.FLOAT32, shapes);
        return block;
    }

    /** Has parameters filled with random numbers. */
    static void fill(Block block) {
        long seed = 40;
        for (Parameter parameter : ParameterPaths.of(block).values()) {
            long mine = seed++;
            parameter.setInitializer(
                    (owner, shape, type) -> {
                        double[] values = RandomTensors.normal(mine, shape.getShape());
                        return RandomTensors.toNDArray(
                                owner,
                                Arrays.stream(values).map(value -> value / 3).toArray(),
                                shape,
                                type);
                    });
        }
    }

    static NDArray ids(NDManager manager, int batch, int length) {
        long[] ids = new long[batch * length];
        Arrays.setAll(ids, i -> (7L * i + 3) % VOCABULARY);
        return manager.create(ids, new Shape(batch, length));
    }

    /** The last row ends a token earlier. */
    private static NDArray mask(NDManager manager, int batch, int length) {
        long[] mask = new long[batch * length];
        Arrays.setAll(mask, i -> i == mask.length - 1 ? 0 : 1);
        return manager.create(mask, new Shape(batch, length));
    }

    private static EmbeddingConfig.Builder embedding() {
        return EmbeddingConfig.builder().setVocabularySize(VOCABULARY).setContextLength(12);
    }

    private static StackConfig.Builder stack() {
        return StackConfig.builder()
                .setHiddenSize(16)
                .setFeedForwardSize(20)
                .setLayers(2)
                .setHeads(4);
    }

    private static EncoderConfig half(boolean bidirectional) {
        return new EncoderConfig(
                embedding().optPositions(EmbeddingConfig.Positions.NONE).optNorm(false).build(),
                stack().optNorm(StackConfig.Norm.RMS_NORM)
                        .optScheme(StackConfig.Scheme.PRE)
                        .optActivation(ActivationFunction.RELU)
                        .optBias(false)
                        .optAttentionScale(1)
                        .optBuckets(new BucketSpec(8, 10, bidirectional))
                        .build());
    }
}

package io.github.djlblocks.training;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.optimizer.WarmUpCosine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A small Llama and sequences that it can learn: counting upwards in steps, modulo 17. */
final class SmallRuns {

    static final int VOCABULARY = 17;

    private SmallRuns() {}

    static CausalLanguageModel decoder(NDManager manager, boolean tied) {
        return decoder(manager, tied, DataType.FLOAT32);
    }

    static CausalLanguageModel decoder(NDManager manager, boolean tied, DataType type) {
        CausalLanguageModel block =
                Decoders.languageModel(
                        DecoderConfig.builder()
                                .setVocabularySize(VOCABULARY)
                                .setHiddenSize(16)
                                .setFeedForwardSize(24)
                                .setLayers(3)
                                .setQueryHeads(4)
                                .setContextLength(16)
                                .optKeyValueHeads(2)
                                .optTiedHead(tied)
                                .build());
        block.setInitializer(
                new SeededNormalInitializer(5, 0.2),
                parameter -> parameter.getShape().dimension() == 2);
        block.initialize(manager, type, new Shape(1, 4));
        return block;
    }

    /** Of different lengths, so that batches have different numbers of labels. */
    static TokenBatches counting(int batchSize) {
        List<long[]> sequences = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            long[] tokens = new long[3 + (i * 7) % 8];
            for (int j = 0; j < tokens.length; j++) {
                tokens[j] = (i + (long) j * (1 + i % 3)) % VOCABULARY;
            }
            sequences.add(tokens);
        }
        return TokenBatches.of(sequences, batchSize, 0, 11);
    }

    static AdamW adamW(Block block) {
        return AdamW.builder(block)
                .optLearningRate(new WarmUpCosine(1e-2, 10, 200, 1e-3))
                .optWeightDecay(0.1)
                .build();
    }

    static TrainingRunBuilder run(Block block, AdamW optimizer) {
        return TrainingRun.builder()
                .setBlock(block)
                .setLoss(new MaskedCrossEntropyLoss())
                .setOptimizer(optimizer)
                .setData(counting(4));
    }

    /** All parameters, as they are now. */
    static Map<String, double[]> values(Block block) {
        Map<String, double[]> values = new LinkedHashMap<>();
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) -> {
                            Number[] numbers = parameter.getArray().toArray();
                            double[] copy = new double[numbers.length];
                            for (int i = 0; i < copy.length; i++) {
                                copy[i] = numbers[i].doubleValue();
                            }
                            values.put(path, copy);
                        });
        return values;
    }

    /** Without the mask: a SequentialBlock hands one array on. */
    record TokensOnly(TokenBatches batches) implements BatchSource {
        @Override
        public TrainingBatch get(NDManager manager, long index) {
            TrainingBatch batch = batches.get(manager, index);
            return new TrainingBatch(batch.data().subNDList(0, 1), batch.labels());
        }

        @Override
        public String identity() {
            return batches.identity();
        }
    }
}

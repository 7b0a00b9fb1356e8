package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RelativeError;
import io.github.djlblocks.position.AlibiBias;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Numbers that are added to bfloat16 scores, and are large beside them. */
class CompiledMaskTest {

    /**
     * Some forty roundings one after the other, as in {@link CompiledStepsTest}: each is off by up
     * to 2^-9, by a root of a third of that on average, independent of the others; four times that.
     */
    private static final double ROUNDINGS = 4 * Math.sqrt(40 / 3.0) * 0x1p-9;

    private static final int LENGTH = 600;
    private static final int E = 32;
    private static final int HEADS = 4;

    /** The first rows see no other keys than those which all have the same large number. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_maskOfLargeNumbers_keepsWhatScoresSay(NDManager manager) {
        for (String way : new String[] {"kernel", "chunks"}) {
            for (float added : new float[] {-100, -1e4f}) {
                pinned(
                        way,
                        () -> {
                            Twins<CausalLanguageModel> twins =
                                    Twins.of(
                                            () -> Decoders.languageModel(Twins.decoder(40).build()),
                                            manager,
                                            DataType.FLOAT32,
                                            packed(),
                                            new Shape(1, 1));
                            float[] mask = new float[8];
                            Arrays.fill(mask, 0, 4, added);
                            NDList inputs =
                                    new NDList(
                                            twins.ids(3, 1, 8),
                                            manager.create(mask, new Shape(1, 1, 1, 8)));
                            isNear(
                                    twins.compiled(inputs, null),
                                    twins.plain(inputs, null),
                                    0,
                                    4 * Twins.VOCABULARY);
                        });
            }
        }
    }

    /** BLOOM's bias goes by the place of the key, which bfloat16 tells apart up to 256. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_biasByPlace_isAsExactFarFromTheStart(NDManager manager) {
        for (String way : new String[] {"kernel", "chunks"}) {
            pinned(
                    way,
                    () -> {
                        Twins<CausalLanguageModel> twins =
                                Twins.of(
                                        CompiledMaskTest::bloom,
                                        manager,
                                        DataType.FLOAT32,
                                        packed(),
                                        new Shape(1, 1));
                        NDList ids = new NDList(twins.ids(5, 1, LENGTH));
                        isNear(
                                twins.compiled(ids, null),
                                twins.plain(ids, null),
                                400 * Twins.VOCABULARY,
                                LENGTH * Twins.VOCABULARY);
                    });
        }
    }

    private static CompileOptions packed() {
        return CompileOptions.defaults().withWeights(WeightFormat.BFLOAT16).demanded();
    }

    private static void isNear(NDArray actual, NDArray expected, int from, int to) {
        double[] found = Arrays.copyOfRange(HostValues.of(actual), from, to);
        double[] wanted = Arrays.copyOfRange(HostValues.of(expected), from, to);
        assertThat(RelativeError.of(found, wanted)).isLessThan(ROUNDINGS).isGreaterThan(1e-5);
    }

    private static void pinned(String way, Runnable run) {
        String before = System.getProperty(AttentionChoice.PROPERTY, "");
        System.setProperty(AttentionChoice.PROPERTY, way);
        try {
            run.run();
        } finally {
            System.setProperty(AttentionChoice.PROPERTY, before);
        }
    }

    private static CausalLanguageModel bloom() {
        DecoderConfig config =
                Twins.decoder(LENGTH)
                        .setHiddenSize(E)
                        .setQueryHeads(HEADS)
                        .optKeyValueHeads(HEADS)
                        .optHeadDim(E / HEADS)
                        .build();
        List<Block> layers = new ArrayList<>();
        for (int i = 0; i < Twins.LAYERS; i++) {
            layers.add(
                    DecoderLayer.of(
                            Residual.pre(norm(), Decoders.attentionBuilder(config).build()),
                            Residual.pre(norm(), Decoders.feedForward(config))));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(Twins.VOCABULARY, E))
                .setLayers(layers)
                .setContextLength(LENGTH)
                .optPositionBias(AlibiBias.bloom(HEADS))
                .build();
    }

    private static RmsNorm norm() {
        return RmsNorm.builder().setChannels(E).build();
    }
}

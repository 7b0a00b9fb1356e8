package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RelativeError;
import io.github.djlblocks.position.RotaryFrequencies;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Prompts, and tokens one at a time behind them, through packed weights: the maps of one input are
 * one product then, and one token's heads are turned, and its keys and values held, by calls of
 * their own.
 */
class CompiledStepsTest {

    private static final int CONTEXT = 40;
    private static final int PROMPT = 5;
    private static final int STEPS = 6;

    private static final List<CachePolicy> POLICIES =
            List.of(
                    CachePolicy.growing(),
                    CachePolicy.preallocated(CONTEXT),
                    CachePolicy.rolling(3));

    /**
     * A rounding to bfloat16 is off by 2^-9 of a value at most. Those of the weights and results of
     * some fifteen operations in each of two layers, and of ten more around them, may add up.
     */
    private static final double ROUNDINGS = 40 * 0x1p-9;

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_float32_isThatOfThePlainBlocks(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            for (RotaryLayout layout : RotaryLayout.values()) {
                compare(
                        config(layout, 4),
                        manager,
                        packed(WeightFormat.FLOAT32),
                        policy,
                        CompiledStepsTest::isEqual);
            }
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_someChannelsTurn_isThatOfThePlainBlocks(NDManager manager) {
        for (RotaryLayout layout : RotaryLayout.values()) {
            compare(
                    config(layout, 2),
                    manager,
                    packed(WeightFormat.FLOAT32),
                    CachePolicy.growing(),
                    CompiledStepsTest::isEqual);
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_bfloat16_isNearThePlainBlocks(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            for (RotaryLayout layout : RotaryLayout.values()) {
                compare(
                        config(layout, 4),
                        manager,
                        packed(WeightFormat.BFLOAT16),
                        policy,
                        CompiledStepsTest::isNear);
            }
        }
    }

    /** The operations that a GPU is given. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_forAnyDevice_isThatOfThePlainBlocks(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            for (RotaryLayout layout : RotaryLayout.values()) {
                CompileOptions single = packed(WeightFormat.FLOAT32).forAnyDevice();
                compare(config(layout, 4), manager, single, policy, CompiledStepsTest::isEqual);
                CompileOptions half = packed(WeightFormat.BFLOAT16).forAnyDevice();
                compare(config(layout, 4), manager, half, policy, CompiledStepsTest::isNear);
            }
        }
    }

    private static CompileOptions packed(WeightFormat format) {
        return CompileOptions.defaults().withWeights(format).demanded();
    }

    private static void isEqual(NDArray actual, NDArray expected) {
        assertThat(actual).isCloseTo(expected, Twins.tolerance(DataType.FLOAT32, CONTEXT));
    }

    private static void isNear(NDArray actual, NDArray expected) {
        assertThat(RelativeError.of(HostValues.of(actual), HostValues.of(expected)))
                .isLessThan(ROUNDINGS)
                .isGreaterThan(1e-5);
    }

    private static DecoderConfig config(RotaryLayout layout, int turned) {
        double[] rates = RotaryFrequencies.standard(3, turned);
        return Twins.decoder(CONTEXT).optRotary(new RotarySpec(rates, layout, 1)).build();
    }

    private static void compare(
            DecoderConfig config,
            NDManager manager,
            CompileOptions options,
            CachePolicy policy,
            BiConsumer<NDArray, NDArray> check) {
        Twins<CausalLanguageModel> twins =
                Twins.of(
                        () -> Decoders.languageModel(config),
                        manager,
                        DataType.FLOAT32,
                        options,
                        new Shape(1, 1));
        for (int batch = 1; batch <= 2; batch++) {
            List<CachePolicy> layers = Collections.nCopies(Twins.LAYERS, policy);
            try (KeyValueCache plain = KeyValueCache.of(manager, layers);
                    KeyValueCache compiled = KeyValueCache.of(manager, layers)) {
                for (int pass = 0; pass <= STEPS; pass++) {
                    NDList ids = new NDList(twins.ids(pass, batch, pass == 0 ? PROMPT : 1));
                    check.accept(
                            twins.compiled(ids, params(compiled)), twins.plain(ids, params(plain)));
                }
            }
        }
    }

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }
}

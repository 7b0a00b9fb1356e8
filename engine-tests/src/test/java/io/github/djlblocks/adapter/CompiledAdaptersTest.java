package io.github.djlblocks.adapter;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.NativeMemory;
import io.github.djlblocks.torchscript.PassStatistics;
import io.github.djlblocks.torchscript.TorchScript;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Compiled passes with adapters. */
class CompiledAdaptersTest {

    private static final LoraConfig LORA =
            LoraConfig.builder().optRank(3).optAlpha(6).setTargets("q_proj", "up_proj").build();
    private static final LoraConfig DORA =
            LoraConfig.builder().optRank(2).optAlpha(3).optDora(true).setAllLinear().build();

    /** Two maps of each of two layers, of 8 or 12 columns or more on either side. */
    private static final int LARGE_RANK = 40_000;

    private static final LoraConfig LARGE =
            LoraConfig.builder()
                    .optRank(LARGE_RANK)
                    .optAlpha(1)
                    .setTargets("q_proj", "up_proj")
                    .build();
    private static final long LARGE_BYTES = 4L * LARGE_RANK * 4 * 16;

    private static final Tolerance CLOSE = Tolerance.of(DataType.FLOAT32, 400, 4);

    private static KernelBlock model(NDManager manager) {
        return AdaptedModels.initialized(AdaptedModels.llama(), manager);
    }

    private static Adapters adapters(KernelBlock model, NDManager manager) {
        return Adapters.of(model, AdaptedModels.llama(), manager);
    }

    private static void add(KernelBlock model, String name, LoraConfig config, NDManager manager) {
        Adapters adapters = adapters(model, manager);
        adapters.add(name, config);
        AdaptedModels.randomize(model, name);
        model.freezeParameters(true);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_adaptersAddedAfterCompiling_areSeen(NDManager manager) {
        KernelBlock plain = model(manager);
        KernelBlock compiled = model(manager);
        PassStatistics passes =
                TorchScript.compile(compiled, manager, CompileOptions.defaults().demanded());
        NDArray base = AdaptedModels.forward(compiled, manager);
        for (KernelBlock model : List.of(plain, compiled)) {
            add(model, "first", LORA, manager);
            add(model, "second", DORA, manager);
        }

        for (String name : List.of("first", "second", "first")) {
            assertThat(AdaptedModels.forward(compiled, manager, name))
                    .isCloseTo(AdaptedModels.forward(plain, manager, name), CLOSE);
        }
        assertThat(AdaptedModels.forward(compiled, manager)).isExactly(base);
        assertThat(passes.kinds()).isEqualTo(3);

        // Another one of the same name is another computation.
        for (KernelBlock model : List.of(plain, compiled)) {
            adapters(model, manager).remove("first");
            add(model, "first", DORA, manager);
        }
        assertThat(AdaptedModels.forward(compiled, manager, "first"))
                .isCloseTo(AdaptedModels.forward(plain, manager, "first"), CLOSE);
        assertThat(passes.kinds()).isEqualTo(3);
        assertThat(passes.portable()).isZero();
    }

    /** Its passes and what they had packed go, though the block stays compiled. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_anotherOfTheSameName_freesTheFormer(NDManager manager) {
        for (CompileOptions options :
                List.of(
                        CompileOptions.defaults().demanded(),
                        CompileOptions.defaults().withWeights(WeightFormat.INT8).demanded())) {
            KernelBlock compiled = model(manager);
            PassStatistics passes = TorchScript.compile(compiled, manager, options);
            swap(compiled, manager, 3);
            long before = NativeMemory.inUse();
            swap(compiled, manager, 20);
            assertThat(passes.kinds()).isEqualTo(1);
            // Kept, they would be twenty times the adapter.
            long allowed = 6 * LARGE_BYTES;
            assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
        }
    }

    private static void swap(KernelBlock model, NDManager manager, int times) {
        for (int i = 0; i < times; i++) {
            adapters(model, manager).add("story", LARGE);
            model.freezeParameters(true);
            AdaptedModels.forward(model, manager, "story").close();
            adapters(model, manager).remove("story");
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_merged_seesTheMergedWeights(NDManager manager) {
        KernelBlock compiled = model(manager);
        TorchScript.compile(compiled, manager, CompileOptions.defaults().demanded());
        NDArray base = AdaptedModels.forward(compiled, manager);
        add(compiled, "story", LORA, manager);
        NDArray adapted = AdaptedModels.forward(compiled, manager, "story");
        Adapters adapters = adapters(compiled, manager);

        adapters.merge("story");
        assertThat(AdaptedModels.forward(compiled, manager)).isCloseTo(adapted, CLOSE);
        adapters.unmerge();
        assertThat(AdaptedModels.forward(compiled, manager)).isExactly(base);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_packedWeights_adaptersStayFloat(NDManager manager) {
        for (WeightFormat format :
                List.of(WeightFormat.FLOAT32, WeightFormat.BFLOAT16, WeightFormat.INT8)) {
            KernelBlock compiled = model(manager);
            TorchScript.compile(
                    compiled, manager, CompileOptions.defaults().withWeights(format).demanded());
            NDArray base = AdaptedModels.forward(compiled, manager);
            KernelBlock plain = model(manager);
            add(compiled, "story", LORA, manager);
            add(plain, "story", LORA, manager);

            NDArray adapted = AdaptedModels.forward(compiled, manager, "story");

            double rounding = largest(base.sub(AdaptedModels.forward(plain, manager)));
            double change = largest(adapted.sub(base));
            assertThat(change).isGreaterThan(0.1);
            assertThat(largest(adapted.sub(AdaptedModels.forward(plain, manager, "story"))))
                    .as(format.toString())
                    .isLessThan(Math.max(4 * rounding, 1e-4));
            assertThatIllegalStateException()
                    .isThrownBy(() -> adapters(compiled, manager).merge("story"))
                    .withMessage(
                            "CausalLanguageModel cannot be merged with an adapter: compiled passes"
                                + " use packed copies of its weights; load or compile it without a"
                                + " weight format");
        }
    }

    private static double largest(NDArray difference) {
        return difference.abs().max().getFloat();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_manyThreads_eachWithItsAdapter(NDManager manager)
            throws InterruptedException, ExecutionException {
        KernelBlock compiled = model(manager);
        TorchScript.compile(compiled, manager, CompileOptions.defaults().demanded());
        List<String> names = List.of("a", "b", "c");
        List<float[]> expected = new ArrayList<>();
        for (String name : names) {
            add(compiled, name, name.equals("b") ? DORA : LORA, manager);
            expected.add(AdaptedModels.forward(compiled, manager, name).toFloatArray());
        }
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Callable<float[]>> calls = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                String name = names.get(i % 3);
                calls.add(
                        () -> {
                            try (NDManager own = manager.newSubManager()) {
                                return AdaptedModels.forward(compiled, own, name).toFloatArray();
                            }
                        });
            }
            int call = 0;
            for (Future<float[]> future : threads.invokeAll(calls)) {
                assertThat(future.get()).isEqualTo(expected.get(call++ % 3));
            }
        } finally {
            threads.shutdown();
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void adaptedBlock_compiledItself_followsItsAdapter(NDManager manager) {
        KernelBlock model = model(manager);
        add(model, "story", LORA, manager);
        NDArray expected = AdaptedModels.forward(model, manager, "story");
        AdaptedBlock block = adapters(model, manager).block("story");
        TorchScript.compile(block, manager, CompileOptions.defaults().demanded());
        assertThat(AdaptedModels.forward(block, manager)).isCloseTo(expected, CLOSE);
        adapters(model, manager).remove("story");
        add(model, "story", DORA, manager);
        assertThat(AdaptedModels.forward(block, manager))
                .isCloseTo(AdaptedModels.forward(model, manager, "story"), CLOSE);
    }
}

package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.torchscript.KernelChoice.Choice;
import io.github.djlblocks.torchscript.KernelChoice.Mix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class KernelChoiceTest {

    /** Seconds of kernels at 1, 8 and 512 rows; what is not listed does not run. */
    private static KernelChoice.Trial trial(Map<LinearKernel, List<Double>> seconds) {
        return (kernel, format, out, in) -> {
            List<Double> times = seconds.get(kernel);
            if (times == null) {
                throw new UnsupportedOperationException(kernel.id());
            }
            return rows -> times.get(rows == 1 ? 0 : rows == 8 ? 1 : 2);
        };
    }

    private static KernelChoice choice(Map<LinearKernel, List<Double>> seconds) {
        return new KernelChoice(trial(seconds), List.of());
    }

    @Test
    void choose_kernelsOfOneHolder_takeTurns() {
        Choice choice =
                choice(
                                Map.of(
                                        LinearKernel.INT4_PACK, List.of(1.0, 3.0, 900.0),
                                        LinearKernel.INT4_UNPACK, List.of(50.0, 60.0, 500.0),
                                        LinearKernel.INT4_WIDENED, List.of(70.0, 2.0, 400.0)))
                        .choose(WeightFormat.int4(64), 128, 64, Mix.GENERATION);
        assertThat(choice)
                .isEqualTo(
                        new Choice(
                                WeightHolder.PACKED_INT4,
                                Map.of(
                                        RowClass.ONE, LinearKernel.INT4_PACK,
                                        RowClass.FEW, LinearKernel.INT4_PACK,
                                        RowClass.MANY, LinearKernel.INT4_UNPACK)));
        assertThat(choice.kernel(RowClass.of(33))).isEqualTo(LinearKernel.INT4_UNPACK);
        assertThat(choice.kernel(RowClass.of(32))).isEqualTo(LinearKernel.INT4_PACK);
    }

    /** 128 x 3 + 4 x 1 + 100 = 488 against 128 x 2 + 4 x 1 + 300 = 560; 101 against 301. */
    @Test
    void choose_mix_weighsRows() {
        Map<LinearKernel, List<Double>> seconds =
                Map.of(
                        LinearKernel.FLOAT32_PLAIN, List.of(2.0, 1.0, 300.0),
                        LinearKernel.FLOAT32_MKLDNN, List.of(3.0, 1.0, 100.0));
        assertThat(holder(Mix.GENERATION, seconds)).isEqualTo(WeightHolder.MKLDNN);
        assertThat(holder(new Mix(300, 4, 1), seconds)).isEqualTo(WeightHolder.PLAIN);
        assertThat(holder(Mix.ENCODING, seconds)).isEqualTo(WeightHolder.MKLDNN);
    }

    /** Two rows of seconds each, 194 and 188 against 200: a trial does not tell 3 % apart. */
    @Test
    void choose_almostAsFast_keepsTheFirst() {
        assertThat(holder(Mix.ENCODING, against(97))).isEqualTo(WeightHolder.PLAIN);
        assertThat(holder(Mix.ENCODING, against(94))).isEqualTo(WeightHolder.MKLDNN);
    }

    private static Map<LinearKernel, List<Double>> against(double other) {
        return Map.of(
                LinearKernel.FLOAT32_PLAIN, List.of(1.0, 100.0, 100.0),
                LinearKernel.FLOAT32_MKLDNN, List.of(1.0, other, other));
    }

    private static WeightHolder holder(Mix mix, Map<LinearKernel, List<Double>> seconds) {
        return choice(seconds).choose(WeightFormat.FLOAT32, 5, 7, mix).holder();
    }

    @Test
    void choose_failedOrWrong_isNotTaken() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            Map<LinearKernel, List<Double>> seconds =
                    Map.of(
                            LinearKernel.BFLOAT16_PLAIN, List.of(9.0, 9.0, 9.0),
                            LinearKernel.BFLOAT16_MKLDNN, List.of(1.0, 1.0, bad));
            Choice choice = choice(seconds).choose(WeightFormat.BFLOAT16, 5, 7, Mix.GENERATION);
            assertThat(choice.holder()).as("%s", bad).isEqualTo(WeightHolder.PLAIN_BFLOAT16);
        }
        Map<LinearKernel, List<Double>> one =
                Map.of(LinearKernel.INT8_WIDENED, List.of(9.0, 9.0, 9.0));
        assertThat(choice(one).choose(WeightFormat.INT8, 5, 7, Mix.GENERATION).kernels())
                .containsEntry(RowClass.ONE, LinearKernel.INT8_WIDENED);
    }

    @Test
    void choose_nothingRuns_throws() {
        KernelChoice choice = choice(Map.of());
        assertThatIllegalStateException()
                .isThrownBy(() -> choice.choose(WeightFormat.FLOAT32, 5, 7, Mix.GENERATION))
                .withMessageStartingWith("no linear kernel of float32 runs here on (5, 7): {");
    }

    private static Set<String> tried(Map<LinearKernel, List<Double>> seconds) {
        Set<String> tried = new TreeSet<>();
        KernelChoice.Trial trial = trial(seconds);
        new KernelChoice(
                        (kernel, format, out, in) ->
                                rows -> {
                                    tried.add(kernel.id() + " " + rows);
                                    return trial.of(kernel, format, out, in).seconds(rows);
                                },
                        List.of())
                .choose(WeightFormat.INT8, 5, 32, Mix.GENERATION);
        return tried;
    }

    /** Widening takes hundreds of megabytes and many seconds on large weights. */
    @Test
    void choose_lastResort_isTimedOnlyWhereNoOtherRan() {
        double none = Double.NaN;
        List<Double> fast = List.of(1.0, 1.0, 1.0);
        assertThat(tried(Map.of(LinearKernel.INT8_ROWS, fast, LinearKernel.INT8_WIDENED, fast)))
                .contains("int8.rows 512", "int8.fbgemm 1")
                .noneMatch(id -> id.startsWith("int8.widened"));
        Map<LinearKernel, List<Double>> some =
                Map.of(
                        LinearKernel.INT8_PACK, List.of(1.0, none, 2.0),
                        LinearKernel.INT8_WIDENED, List.of(0.1, 9.0, 0.1));
        assertThat(tried(some))
                .contains("int8.widened 8")
                .doesNotContain("int8.widened 1", "int8.widened 512");
        assertThat(choice(some).choose(WeightFormat.INT8, 5, 32, Mix.GENERATION).kernels())
                .isEqualTo(
                        Map.of(
                                RowClass.ONE, LinearKernel.INT8_PACK,
                                RowClass.FEW, LinearKernel.INT8_WIDENED,
                                RowClass.MANY, LinearKernel.INT8_PACK));
    }

    /** Of holders that serve some rows each, none serves all: the last resort does. */
    @Test
    void choose_othersServeSomeRows_takesTheLastResortForAll() {
        Map<LinearKernel, List<Double>> seconds =
                Map.of(
                        LinearKernel.INT8_FBGEMM, List.of(1.0, Double.NaN, 1.0),
                        LinearKernel.INT8_WIDENED, List.of(9.0, 9.0, 9.0));
        assertThat(choice(seconds).choose(WeightFormat.INT8, 5, 32, Mix.GENERATION).kernels())
                .hasSize(3)
                .containsValue(LinearKernel.INT8_WIDENED)
                .doesNotContainValue(LinearKernel.INT8_FBGEMM);
    }

    @Test
    void choose_unsupportedSize_isNeverTried() {
        List<LinearKernel> tried = new ArrayList<>();
        KernelChoice choice =
                new KernelChoice(
                        (kernel, format, out, in) -> {
                            tried.add(kernel);
                            return rows -> 1;
                        },
                        List.of());
        choice.choose(WeightFormat.INT8, 17, 33, Mix.GENERATION);
        assertThat(tried).contains(LinearKernel.INT8_ROWS).doesNotContain(LinearKernel.INT8_PACK);
    }

    /** Packing takes longer than the calls: once for all rows, and not for rows that are spared. */
    @Test
    void choose_everyKernel_makesItsWeightsOnceAndFreesThem() {
        List<String> log = new ArrayList<>();
        KernelChoice choice =
                new KernelChoice(
                        (kernel, format, out, in) -> {
                            log.add(kernel.id());
                            return new KernelChoice.Stopwatch() {
                                @Override
                                public double seconds(int rows) {
                                    log.add(rows + "");
                                    if (rows == 8) {
                                        throw new UnsupportedOperationException("8");
                                    }
                                    return 1;
                                }

                                @Override
                                public void close() {
                                    log.add("closed");
                                }
                            };
                        },
                        List.of());
        assertThatIllegalStateException()
                .isThrownBy(() -> choice.choose(WeightFormat.FLOAT16, 5, 7, Mix.GENERATION));
        List<String> trial = List.of("1", "8", "512", "closed");
        assertThat(log.subList(0, 5)).containsExactly("float16.fbgemm", "1", "8", "512", "closed");
        assertThat(log.subList(5, 8)).containsExactly("float16.widened", "8", "closed");
        assertThat(log.subList(9, 13)).isEqualTo(trial);
        assertThat(log.subList(14, 18)).isEqualTo(trial);
        assertThat(log).hasSize(18);
    }

    @Test
    void choose_again_timesOnce() {
        List<Integer> outs = new ArrayList<>();
        KernelChoice choice =
                new KernelChoice(
                        (kernel, format, out, in) ->
                                rows -> {
                                    outs.add(out);
                                    return 1;
                                },
                        List.of());
        Choice first = choice.choose(WeightFormat.FLOAT32, 32003, 8, Mix.GENERATION);
        // Three row classes of two kernels; 32003 is 3 above a multiple of 64.
        assertThat(outs).hasSize(6).containsOnly(1027);
        assertThat(choice.choose(WeightFormat.FLOAT32, 50243, 8, Mix.GENERATION)).isEqualTo(first);
        choice.choose(WeightFormat.FLOAT32, 32003, 8, Mix.ENCODING);
        assertThat(outs).hasSize(6);
        choice.choose(WeightFormat.FLOAT32, 1026, 8, Mix.GENERATION);
        choice.choose(WeightFormat.FLOAT32, 12, 9, Mix.GENERATION);
        choice.choose(WeightFormat.BFLOAT16, 12, 8, Mix.GENERATION);
        assertThat(outs).hasSize(24);
    }

    @Test
    void choose_pinned_takesItUntimed() {
        KernelChoice choice =
                new KernelChoice(
                        trial(Map.of()), List.of(LinearKernel.INT8_ROWS, LinearKernel.INT4_PACK));
        assertThat(choice.choose(WeightFormat.INT8, 5, 7, Mix.GENERATION).kernels())
                .hasSize(3)
                .containsValue(LinearKernel.INT8_ROWS);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> choice.choose(WeightFormat.INT4, 17, 32, Mix.GENERATION))
                .withMessage(
                        "linear kernel int4.pack does not take weights of (17, 32): pin another,"
                                + " or none");
    }

    @Test
    void ofAnyDevice_everyFormat_isWhatRunsEverywhere() {
        KernelChoice choice = KernelChoice.ofAnyDevice();
        assertThat(choice.isOfThisProcessor()).isFalse();
        assertThat(choice(Map.of()).isOfThisProcessor()).isTrue();
        Map<WeightFormat, LinearKernel> expected =
                Map.of(
                        WeightFormat.FLOAT32,
                        LinearKernel.FLOAT32_PLAIN,
                        WeightFormat.FLOAT16,
                        LinearKernel.FLOAT16_WIDENED,
                        WeightFormat.BFLOAT16,
                        LinearKernel.BFLOAT16_PLAIN,
                        WeightFormat.INT8,
                        LinearKernel.INT8_WIDENED,
                        WeightFormat.int4(64),
                        LinearKernel.INT4_WIDENED);
        expected.forEach(
                (format, kernel) ->
                        assertThat(choice.choose(format, 17, 64, Mix.ENCODING).kernels())
                                .hasSize(3)
                                .containsValue(kernel));
    }

    @Test
    void pinnedByProperty_ids_areKernels() {
        System.setProperty(KernelChoice.PROPERTY, "int8.rows, int4.pack");
        try {
            assertThat(KernelChoice.pinnedByProperty())
                    .containsExactly(LinearKernel.INT8_ROWS, LinearKernel.INT4_PACK);
        } finally {
            System.clearProperty(KernelChoice.PROPERTY);
        }
        assertThat(KernelChoice.pinnedByProperty()).isEmpty();
    }
}

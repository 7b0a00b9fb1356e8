package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.oracle.OracleLosses;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MaskedCrossEntropyLossTest {

    private static final int V = 7;
    private static final Shape LOGITS = new Shape(2, 3, V);
    private static final double[] SOME = {4, -100, 0, -100, 6, 2};

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void evaluate_someIgnored_isTheMeanOfTheRest(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        compare(engine, manager, dataType, SOME, RandomTensors.normal(3, 2, 3, V), -100);
    }

    /** Logits of 1000 overflow the exponential; -1 is what this loss ignores. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void evaluate_hugeLogitsAndAnotherIgnoredLabel_isFinite(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        double[] logits = RandomTensors.normal(4, 2, 3, V);
        Arrays.setAll(logits, i -> 1000 * logits[i]);
        compare(engine, manager, dataType, new double[] {-1, 1, 2, -1, 4, 5}, logits, -1);
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void evaluate_allIgnored_isZeroWithZeroGradients(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        double[] none = {-100, -100, -100, -100, -100, -100};
        compare(engine, manager, dataType, none, RandomTensors.normal(5, 2, 3, V), -100);
    }

    /**
     * A row that does not count may say minus infinity; two equal logits are in the one that does.
     */
    @EachEngine
    void evaluate_minusInfinityInAnIgnoredRow_doesNotCount(
            EngineUnderTest engine, NDManager manager) {
        float minusInfinity = Float.NEGATIVE_INFINITY;
        NDArray logits = manager.create(new float[] {5, 5, minusInfinity, 5}, new Shape(2, 2));
        NDList labels = new NDList(manager.create(new long[] {1, -100}));
        MaskedCrossEntropyLoss loss = new MaskedCrossEntropyLoss();

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("logits", logits),
                        new double[] {1},
                        () -> loss.evaluate(labels, new NDList(logits)));

        assertThat(loss.evaluate(labels, new NDList(logits)).getFloat())
                .isCloseTo((float) Math.log(2), within(1e-6f));
        assertThat(gradients.get("logits"))
                .containsExactly(new double[] {0.5, -0.5, 0, 0}, within(1e-6));
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void evaluate_smoothedLabels_countEveryClass(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        double[] logits = RandomTensors.normal(6, 2, 3, V);
        compare(engine, manager, dataType, SOME, logits, -100, 0.3);
    }

    @Test
    void new_smoothingOutOfRange_isNamed() {
        assertThatThrownBy(() -> new MaskedCrossEntropyLoss("loss", -100, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("smoothing (1.0) must be at least 0 and below 1");
    }

    /** A share of what each class would lose, as if it were the label of all rows that count. */
    private static Var smoothed(Var logits, int[] classes, int ignored, double smoothing) {
        Var loss =
                OracleMath.scale(
                        OracleLosses.crossEntropy(logits, classes, ignored), 1 - smoothing);
        for (int other = 0; other < V; other++) {
            int label = other;
            int[] all = Arrays.stream(classes).map(c -> c == ignored ? c : label).toArray();
            loss =
                    OracleMath.add(
                            loss,
                            OracleMath.scale(
                                    OracleLosses.crossEntropy(logits, all, ignored),
                                    smoothing / V));
        }
        return loss;
    }

    private static void compare(
            EngineUnderTest engine,
            NDManager manager,
            DataType dataType,
            double[] labels,
            double[] values,
            long ignored) {
        compare(engine, manager, dataType, labels, values, ignored, 0);
    }

    private static void compare(
            EngineUnderTest engine,
            NDManager manager,
            DataType dataType,
            double[] labels,
            double[] values,
            long ignored,
            double smoothing) {
        double[] held = RandomTensors.rounded(values, dataType);
        NDArray logits = RandomTensors.toNDArray(manager, values, LOGITS, dataType);
        NDArray targets = RandomTensors.toNDArray(manager, labels, new Shape(2, 3), DataType.INT64);
        MaskedCrossEntropyLoss loss = new MaskedCrossEntropyLoss("loss", ignored, smoothing);
        Var truthLogits = Var.of(held, 6, V);
        int[] classes = Arrays.stream(labels).mapToInt(v -> (int) v).toArray();
        Var truth = smoothed(truthLogits, classes, (int) ignored, smoothing);
        truth.backward(1);
        // The exponentials of a row, the rows; a logit of 1000 is off by its own epsilon.
        Tolerance tolerance = Tolerance.of(dataType, V + 6, 4);

        NDArray found = loss.evaluate(new NDList(targets), new NDList(logits, logits));
        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("logits", logits),
                        new double[] {1},
                        () -> loss.evaluate(new NDList(targets), new NDList(logits)));

        assertThat(found.getShape()).isEqualTo(new Shape());
        assertThat(found.getDataType()).isEqualTo(dataType);
        Margin forward = Margin.of(truth.values(), found, tolerance);
        assertThat(forward.isWithin()).as("%s", forward).isTrue();
        Margin backward =
                Margin.of(
                        truthLogits.gradient(),
                        gradients.getOrDefault("logits", new double[0]),
                        LOGITS,
                        tolerance.withMinimumScale(1));
        assertThat(backward.isWithin()).as("%s", backward).isTrue();
    }

    @EachEngine
    void evaluate_labelsThatDoNotFit_areNamed(NDManager manager) {
        NDArray logits = manager.ones(LOGITS);
        refuses(
                logits,
                manager.create(new long[] {0, 1, 2, 3, 4, 7}),
                "label 7 is no class: classes run from 0 to 6, and -100 is ignored");
        refuses(
                logits,
                manager.create(new long[] {0, 1, 2, 3, 4, -1}),
                "label -1 is no class: classes run from 0 to 6, and -100 is ignored");
        refuses(
                logits,
                manager.create(new long[] {0, 1, 2, 3, 4}),
                "labels of shape (5) do not fit logits of shape (2, 3, 7): give one for each of the"
                        + " 6 rows");
        refuses(
                logits,
                manager.ones(new Shape(2, 3)),
                "labels are float32 of shape (2, 3): expected INT64 or INT32");
    }

    private static void refuses(NDArray logits, NDArray labels, String message) {
        assertThatThrownBy(
                        () ->
                                new MaskedCrossEntropyLoss()
                                        .evaluate(new NDList(labels), new NDList(logits)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @EachEngine
    void evaluate_severalTimes_leavesOnlyItsResults(NDManager manager) {
        NDArray logits = manager.ones(LOGITS);
        NDArray labels = manager.create(new long[] {0, 1, 2, 3, 4, -100});
        MaskedCrossEntropyLoss loss = new MaskedCrossEntropyLoss();

        LeakGuard.of(manager)
                .check(
                        () -> {
                            for (int i = 0; i < 5; i++) {
                                loss.evaluate(new NDList(labels), new NDList(logits)).close();
                            }
                        });
    }
}

package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TokenBatchesTest {

    private static final List<long[]> SEQUENCES =
            List.of(
                    new long[] {11, 12, 13, 14},
                    new long[] {21, 22},
                    new long[] {31, 32, 33},
                    new long[] {41, 42, 43, 44, 45});

    private static List<List<Long>> rows(NDArray array) {
        assertThat(array.getDataType()).isEqualTo(DataType.INT64);
        List<List<Long>> rows = new ArrayList<>();
        int width = (int) array.getShape().get(1);
        long[] values = array.toLongArray();
        for (int start = 0; start < values.length; start += width) {
            List<Long> row = new ArrayList<>();
            for (int i = start; i < start + width; i++) {
                row.add(values[i]);
            }
            rows.add(row);
        }
        return rows;
    }

    /** All four at once: whatever the order, each row is one of these. */
    @EachEngine
    void get_sequencesOfDifferentLengths_arePaddedAndMasked(NDManager manager) {
        TokenBatches batches = new TokenBatches(SEQUENCES, new int[] {1, 1, 2, 3}, 4, 9, 5);
        TrainingBatch batch = batches.get(manager, 0);
        List<List<Long>> ids = rows(batch.data().get(0));
        List<List<Long>> masks = rows(batch.data().get(1));
        List<List<Long>> labels = rows(batch.labels().singletonOrThrow());
        assertThat(batch.data()).hasSize(2);
        assertThat(ids)
                .containsExactlyInAnyOrder(
                        List.of(11L, 12L, 13L, 9L),
                        List.of(21L, 9L, 9L, 9L),
                        List.of(31L, 32L, 9L, 9L),
                        List.of(41L, 42L, 43L, 44L));
        for (int row = 0; row < 4; row++) {
            long first = ids.get(row).get(0);
            assertThat(labels.get(row))
                    .isEqualTo(
                            first == 11
                                    ? List.of(12L, 13L, 14L, -100L)
                                    : first == 21
                                            ? List.of(22L, -100L, -100L, -100L)
                                            : first == 31
                                                    ? List.of(-100L, 33L, -100L, -100L)
                                                    : List.of(-100L, -100L, 44L, 45L));
            assertThat(masks.get(row))
                    .isEqualTo(ids.get(row).stream().map(id -> id == 9 ? 0L : 1L).toList());
        }
    }

    /** An epoch is 4 sequences; batches of 3 run over its end. */
    @EachEngine
    void get_everyEpoch_hasEachSequenceOnceInAnotherOrder(NDManager manager) {
        TokenBatches batches = TokenBatches.of(SEQUENCES, 3, 9, 5);
        List<Long> firsts = new ArrayList<>();
        for (int index = 0; index < 40; index++) {
            rows(batches.get(manager, index).data().get(0)).forEach(row -> firsts.add(row.get(0)));
        }
        Set<List<Long>> orders = new HashSet<>();
        for (int epoch = 0; epoch < 30; epoch++) {
            List<Long> order = firsts.subList(4 * epoch, 4 * epoch + 4);
            assertThat(order).containsExactlyInAnyOrder(11L, 21L, 31L, 41L);
            orders.add(order);
        }
        // Of 24 orders, 30 epochs that are drawn evenly miss about 7.
        assertThat(orders).hasSizeBetween(12, 24);
        // Whenever it is asked for, and by another object.
        TokenBatches again = TokenBatches.of(SEQUENCES, 3, 9, 5);
        assertThat(rows(again.get(manager, 7).data().get(0)))
                .isEqualTo(rows(batches.get(manager, 7).data().get(0)));
        assertThat(batches.get(manager, 7).data().get(0).getShape().get(0)).isEqualTo(3);
    }

    @Test
    void identity_anythingElse_differs() {
        String identity = TokenBatches.of(SEQUENCES, 2, 9, 5).identity();
        assertThat(TokenBatches.of(SEQUENCES, 2, 9, 5).identity()).isEqualTo(identity);
        List<long[]> other = new ArrayList<>(SEQUENCES);
        other.set(1, new long[] {21, 23});
        assertThat(
                        List.of(
                                TokenBatches.of(other, 2, 9, 5).identity(),
                                TokenBatches.of(SEQUENCES, 3, 9, 5).identity(),
                                TokenBatches.of(SEQUENCES, 2, 9, 6).identity(),
                                TokenBatches.of(SEQUENCES.subList(0, 3), 2, 9, 5).identity(),
                                new TokenBatches(SEQUENCES, new int[] {1, 1, 1, 2}, 2, 9, 5)
                                        .identity()))
                .doesNotContain(identity)
                .doesNotHaveDuplicates();
    }

    @Test
    void new_wrongArguments_areNamed() {
        assertThatThrownBy(() -> TokenBatches.of(List.of(), 2, 0, 0))
                .hasMessage(
                        "0 sequences with 0 starts: give at least one sequence, and a start for"
                                + " each");
        assertThatThrownBy(() -> TokenBatches.of(List.of(new long[] {1}), 2, 0, 0))
                .hasMessage(
                        "sequence 0 of 1 tokens starts at 1: at least one token must be given, and"
                                + " one be left to learn");
        assertThatThrownBy(() -> TokenBatches.of(SEQUENCES, 0, 0, 0))
                .hasMessage("batchSize (0) must be at least 1");
    }

    /** Equal on every engine, and normal: 3 sigma of mean and of deviation for 10,000 numbers. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void initialize_seeded_isNormalAndTheSameEverywhere(NDManager manager, DataType dataType) {
        SeededNormalInitializer initializer = new SeededNormalInitializer(3, 0.5);
        NDArray first = initializer.initialize(manager, new Shape(100, 100), dataType);
        NDArray second = initializer.initialize(manager, new Shape(100, 100), dataType);
        assertThat(first.getDataType()).isEqualTo(dataType);
        Random random = new Random(0xdaa66d2c7ddf743fL + 1);
        Number[] values = second.toArray();
        double sum = 0;
        double squares = 0;
        for (Number value : values) {
            assertThat(value.floatValue()).isEqualTo((float) (0.5 * random.nextGaussian()));
            sum += value.doubleValue();
            squares += value.doubleValue() * value.doubleValue();
        }
        assertThat(sum / 10_000).isBetween(-0.015, 0.015);
        assertThat(Math.sqrt(squares / 10_000)).isBetween(0.489, 0.511);
        assertThat(first.toArray()).isNotEqualTo(values);
        assertThatThrownBy(() -> new SeededNormalInitializer(0, -1))
                .hasMessage("the standard deviation (-1.0) must not be negative");
    }
}

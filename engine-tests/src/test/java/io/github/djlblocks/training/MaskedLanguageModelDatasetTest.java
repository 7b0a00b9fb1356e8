package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MaskedLanguageModelDatasetTest {

    private static final long PAD = 0;
    private static final long MASK = 99;
    private static final int LONG = 40;

    /** 1, tokens from 10 up, 2: the ends are special. */
    private static long[] sequence(int length, int first) {
        long[] tokens = LongStream.range(first, first + length).toArray();
        tokens[0] = 1;
        tokens[length - 1] = 2;
        return tokens;
    }

    private static final List<long[]> SEQUENCES =
            List.of(sequence(5, 10), sequence(LONG, 20), sequence(30, 50));

    @EachEngine
    void getData_threeSequences_areMaskedAndPadded(NDManager manager)
            throws IOException, TranslateException {
        TokenMasking masking = masking();
        List<HostBatch> batches = batches(dataset().build(), manager, null);

        assertThat(batches).hasSize(2);
        HostBatch first = batches.get(0);
        assertThat(first.shapes()).hasSize(3).containsOnly(new Shape(2, LONG));
        assertThat(first.ids())
                .isEqualTo(
                        rows(PAD, masked(masking, 0, 0).tokens(), masked(masking, 1, 0).tokens()));
        assertThat(first.labels())
                .isEqualTo(
                        rows(-100, masked(masking, 0, 0).labels(), masked(masking, 1, 0).labels()));
        long[] ones = new long[LONG];
        Arrays.fill(ones, 1);
        assertThat(first.mask()).isEqualTo(rows(0, Arrays.copyOf(ones, 5), ones));
        assertThat(batches.get(1).shapes()).containsOnly(new Shape(1, 30));
    }

    @EachEngine
    void getData_nextEpoch_masksOthers(NDManager manager) throws IOException, TranslateException {
        MaskedLanguageModelDataset dataset = dataset().optLength(64).build();

        long[] first = labels(dataset, manager, null);
        long[] second = labels(dataset, manager, null);

        assertThat(second).isNotEqualTo(first).hasSize(3 * 64);
        assertThat(Arrays.copyOfRange(second, 64, 64 + LONG))
                .isEqualTo(masked(masking(), 1, 1).labels());
        assertThat(second[64 + LONG]).isEqualTo(-100);
    }

    @Test
    void getData_threadsAndEngines_giveTheSameMasks() throws IOException, TranslateException {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<long[]> found = new ArrayList<>();
            for (var engine : EnginesUnderTest.discover()) {
                try (NDManager manager = engine.newManager()) {
                    found.add(labels(dataset().build(), manager, null));
                    found.add(labels(dataset().build(), manager, threads));
                }
            }
            assertThat(found).allSatisfy(labels -> assertThat(labels).isEqualTo(found.get(0)));
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void build_partMissingOrTooLong_isNamed() {
        assertThatThrownBy(
                        () ->
                                MaskedLanguageModelDataset.builder()
                                        .setSequences(SEQUENCES)
                                        .setSampling(2, false)
                                        .build())
                .hasMessage(
                        "sequences, masking or pad token are missing: call setSequences, setMasking"
                                + " and setPadToken");
        assertThatThrownBy(() -> dataset().optLength(39).build())
                .hasMessage("sequence 1 has 40 tokens, expected 1 to 39");
        assertThatThrownBy(() -> dataset().setSequences(List.of(new long[0])).build())
                .hasMessage("sequence 0 has 0 tokens, expected 1 to any number");
    }

    private static TokenMasking masking() {
        return TokenMasking.builder()
                .setMaskToken(MASK)
                .setVocabularySize(100)
                .optSpecialTokens(PAD, 1, 2)
                .optSeed(5)
                .build();
    }

    private static MaskedLanguageModelDataset.Builder dataset() {
        return MaskedLanguageModelDataset.builder()
                .setSequences(SEQUENCES)
                .setMasking(masking())
                .setPadToken(PAD)
                .setSampling(2, false);
    }

    private static TokenMasking.Masked masked(TokenMasking masking, int sequence, int round) {
        return masking.apply(SEQUENCES.get(sequence), sequence, round);
    }

    /** The iterable closes its batches at the end: what is compared is copied before. */
    @SuppressWarnings("ArrayRecordComponent") // read by this test alone
    private record HostBatch(List<Shape> shapes, long[] ids, long[] mask, long[] labels) {

        static HostBatch of(Batch batch) {
            NDArray ids = batch.getData().get(0);
            NDArray mask = batch.getData().get(1);
            NDArray labels = batch.getLabels().singletonOrThrow();
            return new HostBatch(
                    List.of(ids.getShape(), mask.getShape(), labels.getShape()),
                    ids.toLongArray(),
                    mask.toLongArray(),
                    labels.toLongArray());
        }
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no threads"
    private static List<HostBatch> batches(
            MaskedLanguageModelDataset dataset,
            NDManager manager,
            @Nullable ExecutorService threads)
            throws IOException, TranslateException {
        List<HostBatch> batches = new ArrayList<>();
        for (Batch batch : dataset.getData(manager, threads)) {
            batches.add(HostBatch.of(batch));
            batch.close();
        }
        return batches;
    }

    private static long[] labels(
            MaskedLanguageModelDataset dataset,
            NDManager manager,
            @Nullable ExecutorService threads)
            throws IOException, TranslateException {
        return batches(dataset, manager, threads).stream()
                .flatMapToLong(batch -> Arrays.stream(batch.labels()))
                .toArray();
    }

    private static long[] rows(long padding, long[] first, long[] second) {
        int width = Math.max(first.length, second.length);
        long[] rows = new long[2 * width];
        Arrays.fill(rows, padding);
        System.arraycopy(first, 0, rows, 0, first.length);
        System.arraycopy(second, 0, rows, width, second.length);
        return rows;
    }
}

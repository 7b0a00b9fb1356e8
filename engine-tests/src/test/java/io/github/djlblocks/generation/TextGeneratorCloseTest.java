package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;

/** A generator that is closed while threads use it. */
class TextGeneratorCloseTest {

    private static final int THREADS = 3;
    private static final Map<Integer, Integer> ENDLESS = Map.of(1, 2, 2, 3, 3, 2);

    @TempDir Path directory;

    @EachEngine(leavesNothingOpen = true)
    void close_whileThreadsGenerate_waitsForThem(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (NDManager writing = engine.newManager()) {
            TinyLlama.write(
                    directory,
                    TinyLlama.successor(writing, ENDLESS),
                    StoredType.F32,
                    TinyLlama.WORDS);
        }
        TextGenerator generator =
                TextGenerator.of(
                        HuggingFaceModels.load(directory, manager, DataType.FLOAT32),
                        manager,
                        directory);
        CountDownLatch started = new CountDownLatch(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<Integer>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(threads.submit(() -> generateUntilClosed(generator, started)));
            }
            assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
            generator.close();
            for (Future<Integer> future : running) {
                assertThat(future.get(30, TimeUnit.SECONDS)).isPositive();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Returns how many texts came out whole before the generator said that it is closed. */
    private static int generateUntilClosed(TextGenerator generator, CountDownLatch started) {
        int whole = 0;
        while (true) {
            try {
                TextGenerator.Result result = generator.generate("once", GenerationOptions.of(8));
                assertThat(result.tokens()).hasSize(8);
                whole++;
                if (whole == 1) {
                    started.countDown();
                }
            } catch (IllegalStateException e) {
                assertThat(e).hasMessage("the text generator is closed: make a new one");
                return whole;
            }
        }
    }
}

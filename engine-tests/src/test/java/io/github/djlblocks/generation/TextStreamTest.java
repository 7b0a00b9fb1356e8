package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextOptions;
import io.github.djlblocks.huggingface.TextStream;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;

/** Text in pieces: stop strings, cancellation, subscribers, batches. */
class TextStreamTest {

    /** once upon a time, there was a time. */
    private static final Map<Integer, Integer> STORY = Map.of(1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 3);

    /** once upon once upon ... */
    private static final Map<Integer, Integer> ENDLESS = Map.of(1, 2, 2, 1);

    @TempDir Path directory;

    private TextGenerator generator(
            EngineUnderTest engine, NDManager manager, Map<Integer, Integer> next)
            throws Exception {
        try (NDManager writing = engine.newManager()) {
            TinyLlama.write(
                    directory, TinyLlama.successor(writing, next), StoredType.F32, TinyLlama.WORDS);
        }
        return TextGenerator.of(
                HuggingFaceModels.load(directory, manager, DataType.FLOAT32), manager, directory);
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_toItsEnd_givesPiecesAndResult(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY);
                TextStream text = generator.stream("once", generator.textOptions())) {
            assertThatThrownBy(text::result)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the text is not complete: take the rest, or close the stream");
            List<String> pieces = new ArrayList<>();
            text.forEachRemaining(pieces::add);
            assertThat(pieces).containsExactly(" upon", " a", " time");
            TextGenerator.Result result = text.result();
            assertThat(result.text()).isEqualTo(" upon a time");
            assertThat(result.promptTokens()).containsExactly(1);
            assertThat(result.tokens()).containsExactly(2, 3, 4, 5);
            assertThat(result.finishReason()).isEqualTo(FinishReason.END_TOKEN);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_closedEarly_freesItsMemoryAndIsCancelled(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            generator.generate("once", generator.options(2));
            int open = LeakGuard.of(manager).openArrays();
            TextStream text = generator.stream("once", generator.textOptions());
            assertThat(text.next()).isEqualTo(" upon");
            assertThat(LeakGuard.of(manager).openArrays()).isGreaterThan(open);
            text.close();
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
            assertThat(text.hasNext()).isFalse();
            assertThat(text.result().text()).isEqualTo(" upon");
            assertThat(text.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
            try (Stream<String> pieces =
                    generator.stream("once", generator.textOptions()).stream()) {
                assertThat(pieces.limit(2)).containsExactly(" upon", " a");
            }
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
            assertThat(generator.generate("there", generator.options(9)).text())
                    .isEqualTo(" was a time");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_ofAClosedGenerator_saysSo(EngineUnderTest engine, NDManager manager)
            throws Exception {
        TextGenerator generator = generator(engine, manager, STORY);
        TextStream text = generator.stream("once", generator.textOptions());
        assertThat(text.next()).isEqualTo(" upon");
        generator.close();
        assertThatThrownBy(text::hasNext)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the text generator is closed: make a new one");
        text.close();
    }

    /** The string goes over two tokens and starts inside the first. */
    @EachEngine(leavesNothingOpen = true)
    void generate_stopString_endsTheTextBeforeIt(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            List<String> pieces = new ArrayList<>();
            TextOptions options = generator.textOptions().withStopStrings("on a", "never");
            TextGenerator.Result result = generator.generate("once", options, pieces::add);
            assertThat(pieces).containsExactly(" up");
            assertThat(result.text()).isEqualTo(" up");
            assertThat(result.tokens()).containsExactly(2, 3);
            assertThat(result.finishReason()).isEqualTo(FinishReason.STOP_SEQUENCE);

            pieces.clear();
            TextOptions near = generator.textOptions().withStopStrings("on and", "timeless");
            result = generator.generate("once", near, pieces::add);
            assertThat(pieces).containsExactly(" up", "on a ", "time");
            assertThat(result.text()).isEqualTo(" upon a time");
            assertThat(result.finishReason()).isEqualTo(FinishReason.END_TOKEN);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_callbackThatThrows_endsItAndLeavesNothing(
            EngineUnderTest engine, NDManager manager) throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            generator.generate("once", generator.options(2));
            int open = LeakGuard.of(manager).openArrays();
            TextGenerator same = generator;
            assertThatThrownBy(
                            () ->
                                    generator.generate(
                                            "once",
                                            generator.options(9),
                                            piece -> {
                                                throw new IllegalStateException("enough");
                                            }))
                    .hasMessage("enough");
            assertThatThrownBy(
                            () ->
                                    generator.generate(
                                            "once", generator.options(9), piece -> same.close()))
                    .hasMessage(
                            "close was called while this thread generates, and would wait for"
                                    + " itself: close the generator afterwards");
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
            assertThat(generator.generate("once", generator.options(9)).text())
                    .isEqualTo(" upon a time");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generateAll_promptsOfDifferentLengths_areAsAlone(EngineUnderTest engine, NDManager manager)
            throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            TextOptions options = generator.textOptions();
            List<String> prompts = List.of("there was", "once", "upon a");
            List<TextGenerator.Result> all = generator.generateAll(prompts, options);
            assertThat(all.stream().map(TextGenerator.Result::text))
                    .containsExactly(" a time", " upon a time", " time");
            assertThat(all.get(0).promptTokens()).containsExactly(6, 7);

            all = generator.generateAll(prompts, options.withStopStrings("a t"));
            assertThat(all.stream().map(TextGenerator.Result::text))
                    .containsExactly(" ", " upon ", " time");
            assertThat(all.stream().map(TextGenerator.Result::finishReason))
                    .containsExactly(
                            FinishReason.STOP_SEQUENCE,
                            FinishReason.STOP_SEQUENCE,
                            FinishReason.END_TOKEN);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_beams_comeAtTheEnd_severalSequencesFromGenerateAll(
            EngineUnderTest engine, NDManager manager) throws Exception {
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            TextOptions options = generator.textOptions();
            TextOptions beams =
                    options.withTokens(options.tokens().toBuilder().optNumBeams(2).build());
            List<String> pieces = new ArrayList<>();
            TextGenerator.Result best = generator.generate("once", beams, pieces::add);
            assertThat(pieces).containsExactly(" upon a time");
            assertThat(best.score()).isPresent();
            TextOptions two =
                    options.withTokens(beams.tokens().toBuilder().optNumReturnSequences(2).build());
            assertThatThrownBy(() -> generator.generate("once", two, pieces::add))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "numReturnSequences (2) gives several texts: call generateAll, or set"
                                    + " it to 1");
            List<TextGenerator.Result> both = generator.generateAll(List.of("once"), two);
            assertThat(both).hasSize(2);
            assertThat(both.get(0).text()).isEqualTo(" upon a time");
        }
    }

    /** Takes pieces, asks for more as it is told, and remembers how it ended. */
    private static final class Collector implements Flow.Subscriber<String> {

        private final List<String> pieces = new ArrayList<>();
        private final CountDownLatch over = new CountDownLatch(1);
        private final AtomicReference<@Nullable Throwable> error = new AtomicReference<>();
        private final AtomicInteger left;
        private final long first;
        private Flow.@Nullable Subscription subscription;

        Collector(long first, int most) {
            this.first = first;
            left = new AtomicInteger(most);
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(first);
        }

        @Override
        public void onNext(String piece) {
            pieces.add(piece);
            Flow.Subscription given = subscription;
            if (given != null && left.decrementAndGet() == 0) {
                given.cancel();
                over.countDown();
            } else if (given != null) {
                given.request(1);
            }
        }

        @Override
        public void onError(Throwable e) {
            error.set(e);
            over.countDown();
        }

        @Override
        public void onComplete() {
            over.countDown();
        }

        Collector await() throws InterruptedException {
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
            return this;
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void publisher_subscribers_getPiecesErrorsAndMayCancel(
            EngineUnderTest engine, NDManager manager) throws Exception {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try (TextGenerator generator = generator(engine, manager, STORY)) {
            generator.generate("once", generator.options(2));
            int open = LeakGuard.of(manager).openArrays();
            Flow.Publisher<String> story =
                    generator.publisher("once", generator.textOptions(), threads);
            Collector all = new Collector(1, 99);
            story.subscribe(all);
            assertThat(all.await().pieces).containsExactly(" upon", " a", " time");
            assertThat(all.error.get()).isNull();
            Collector one = new Collector(1, 1);
            story.subscribe(one);
            assertThat(one.await().pieces).containsExactly(" upon");
            Collector wrong = new Collector(0, 1);
            story.subscribe(wrong);
            assertThat(wrong.await().error.get()).hasMessage("request (0) must be at least 1");
            Collector empty = new Collector(1, 9);
            generator.publisher("", generator.textOptions(), threads).subscribe(empty);
            assertThat(empty.await().error.get())
                    .hasMessage("the prompt \"\" gives no token: write at least one character");
            threads.shutdown();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
        } finally {
            threads.shutdownNow();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void textOptions_noLengthInTheFile_goOnToTheEndOfTheContext(
            EngineUnderTest engine, NDManager manager) throws Exception {
        try (TextGenerator generator = generator(engine, manager, ENDLESS)) {
            TextGenerator.Result result =
                    generator.generate("once", generator.textOptions(), piece -> {});
            assertThat(result.tokens()).hasSize(TinyLlama.CONTEXT - 1);
        }
    }
}

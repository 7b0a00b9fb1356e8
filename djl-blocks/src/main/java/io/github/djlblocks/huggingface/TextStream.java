package io.github.djlblocks.huggingface;

import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.TokenLogProbabilities;
import io.github.djlblocks.generate.TokenStep;
import io.github.djlblocks.generate.TokenStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalDouble;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Text as it is generated, a piece at a time: whole characters, and nothing that could be the start
 * of a stop string.
 *
 * <pre>{@code
 * try (TextStream text = generator.stream(prompt, options)) {
 *     while (text.hasNext()) {
 *         System.out.print(text.next());
 *     }
 * }
 * }</pre>
 *
 * <p>Tokens are computed when the next piece is asked for. {@link #close} ends the generation at
 * any time and frees its memory. Not for use by two threads at once.
 */
public final class TextStream implements Iterator<String>, AutoCloseable {

    private final TextGenerator generator;
    private final TokenStream tokens;
    private final long[] promptTokens;
    private final TextDecoder decoder;
    private final StopText stop;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenLogProbabilities> logProbabilities = new ArrayList<>();
    private long[] generated = new long[0];
    private String piece = "";
    private @Nullable FinishReason reason;
    private @Nullable Runnable afterwards;

    TextStream(
            TextGenerator generator,
            TokenStream tokens,
            long[] promptTokens,
            TextDecoder decoder,
            StopText stop) {
        this.generator = generator;
        this.tokens = tokens;
        this.promptTokens = promptTokens;
        this.decoder = decoder;
        this.stop = stop;
    }

    /** Has something done once the stream is closed. */
    TextStream onClose(Runnable what) {
        afterwards = what;
        return this;
    }

    /**
     * Computes tokens until there is a piece of text.
     *
     * @return whether there is one
     * @throws IllegalStateException if the generator is closed, the logits are not finite, or
     *     options forbid every token
     */
    @Override
    public boolean hasNext() {
        while (piece.isEmpty() && reason == null) {
            advance();
        }
        return !piece.isEmpty();
    }

    /**
     * Returns the next piece of text.
     *
     * @return at least one character
     * @throws NoSuchElementException if the text is complete or the stream closed
     */
    @Override
    public String next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the text is complete");
        }
        String next = piece;
        piece = "";
        text.append(next);
        return next;
    }

    /** Whether it is known that no piece is left. */
    boolean isComplete() {
        return reason != null && piece.isEmpty();
    }

    private void advance() {
        TokenStep step = generator.running(tokens::next);
        generated = Arrays.copyOf(generated, generated.length + 1);
        generated[generated.length - 1] = step.token(0);
        TokenLogProbabilities report = step.logProbabilities(0);
        if (report != null) {
            logProbabilities.add(report);
        }
        piece = stop.accept(generator.running(() -> decoder.accept(step.token(0))));
        FinishReason finished = step.finishReason(0);
        if (!stop.isFound() && finished != null) {
            piece += stop.accept(generator.running(decoder::finish));
            piece += stop.isFound() ? "" : stop.rest();
        }
        if (stop.isFound()) {
            reason = FinishReason.STOP_SEQUENCE;
        } else if (finished != null) {
            reason = finished;
        }
    }

    /**
     * Returns what was generated.
     *
     * @return the result; that of a stream closed before its end is what was taken of it, {@link
     *     FinishReason#CANCELLED}
     * @throws IllegalStateException if text is left and the stream is not closed
     */
    public TextGenerator.Result result() {
        FinishReason finished = reason;
        if (finished == null || !piece.isEmpty()) {
            throw new IllegalStateException(
                    "the text is not complete: take the rest, or close the stream");
        }
        return new TextGenerator.Result(
                text.toString(),
                promptTokens.clone(),
                generated.clone(),
                finished,
                OptionalDouble.empty(),
                List.copyOf(logProbabilities));
    }

    /**
     * Returns the pieces as a stream of Java; closing it closes this one.
     *
     * @return the pieces, in order
     */
    public Stream<String> stream() {
        return StreamSupport.stream(
                        Spliterators.spliteratorUnknownSize(
                                this, Spliterator.ORDERED | Spliterator.NONNULL),
                        false)
                .onClose(this::close);
    }

    /** Ends the generation, if it is not over, and frees its memory. */
    @Override
    public void close() {
        if (reason == null || !piece.isEmpty()) {
            reason = FinishReason.CANCELLED;
            piece = "";
        }
        generator.release(tokens::close);
        Runnable last = afterwards;
        afterwards = null;
        if (last != null) {
            last.run();
        }
    }
}

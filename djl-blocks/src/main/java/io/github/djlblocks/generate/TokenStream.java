package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.generate.TokenChooser.Choice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A generation as it runs: one token of every unfinished row at a time.
 *
 * <pre>{@code
 * try (TokenStream stream = generator.stream(prompts, options)) {
 *     while (stream.hasNext()) {
 *         TokenStep step = stream.next();
 *     }
 * }
 * }</pre>
 *
 * <p>All native memory is its own and is freed by {@link #close}, which may come between any two
 * steps. Not for use by two threads, but for {@link #cancel}.
 */
public final class TokenStream implements Iterator<TokenStep>, AutoCloseable {

    private final GenerationStart start;
    private final ModelPasses passes;
    private final TokenChooser chooser;
    private final StopRules rules;
    private final @Nullable Speculation speculation;
    private final List<TokenHistory> rows = new ArrayList<>();
    private final @Nullable FinishReason[] finished;
    private final List<List<TokenLogProbabilities>> reported = new ArrayList<>();

    /** Tokens of the one row of a speculation that were chosen but not given out. */
    private final List<Choice> ahead = new ArrayList<>();

    private long[][] feed;
    private boolean closed;
    private volatile boolean cancelled;
    private @Nullable NDArray logits;

    TokenStream(GenerationStart start) {
        this.start = start;
        passes = start.passes();
        rules = start.rules();
        chooser = start.chooser();
        feed = start.feed();
        speculation = start.speculation();
        int each = start.options().numReturnSequences();
        finished = new FinishReason[start.prompts() * each];
        for (int row = 0; row < finished.length; row++) {
            rows.add(start.newHistory(row, row / each));
            reported.add(new ArrayList<>());
        }
    }

    /**
     * Returns whether a row is still unfinished.
     *
     * @return false when every row has a {@link FinishReason}
     */
    @Override
    public boolean hasNext() {
        if (cancelled) {
            cancelRows();
        }
        return Arrays.stream(finished).anyMatch(reason -> reason == null);
    }

    /**
     * Computes the next token of every row.
     *
     * @return a token a row
     * @throws NoSuchElementException if every row is finished
     * @throws IllegalStateException if the stream is closed, the logits are not finite, or options
     *     forbid every token
     */
    @Override
    public TokenStep next() {
        if (closed) {
            throw new IllegalStateException("the generation is closed: start another");
        }
        if (!hasNext()) {
            throw new NoSuchElementException("every sequence is finished");
        }
        if (speculation != null && rows.get(0).generatedLength() > 0) {
            if (ahead.isEmpty()) {
                ahead.addAll(speculation.choose(rows.get(0)));
            }
            return accept(List.of(ahead.remove(0)));
        }
        return accept(choose());
    }

    private List<Choice> choose() {
        boolean first = rows.get(0).generatedLength() == 0;
        NDArray output = passes.read(feed, true);
        logits = output;
        int position = rowLength() + 1;
        int each = first ? start.options().numReturnSequences() : 1;
        List<Choice> choices = new ArrayList<>();
        if (chooser.isPlain()) {
            HostLogits.requireFinite(output, position);
            Arrays.stream(TokenChooser.argMax(output))
                    .forEach(token -> choices.add(new Choice(token, null)));
            return choices;
        }
        double[][] scores = HostLogits.read(output, position);
        for (int row = 0; row < finished.length; row++) {
            choices.add(
                    finished[row] == null
                            ? chooser.choose(rows.get(row), scores[row / each].clone())
                            : new Choice(start.options().padToken(), null));
        }
        if (each > 1) {
            passes.reorder(IntStream.range(0, finished.length).map(row -> row / each).toArray());
        }
        return choices;
    }

    /** How long rows are, padding and the newest token included. */
    private int rowLength() {
        return rows.get(0).paddedPromptLength() + steps();
    }

    private int steps() {
        return rows.stream().mapToInt(TokenHistory::generatedLength).max().orElse(0);
    }

    private TokenStep accept(List<Choice> choices) {
        int count = finished.length;
        long[] tokens = new long[count];
        boolean[] present = new boolean[count];
        List<@Nullable TokenLogProbabilities> logs = new ArrayList<>();
        feed = new long[count][1];
        for (int row = 0; row < count; row++) {
            present[row] = finished[row] == null;
            TokenLogProbabilities report = null;
            tokens[row] = start.options().padToken();
            if (present[row]) {
                Choice choice = choices.get(row);
                tokens[row] = choice.token();
                report = choice.logProbabilities();
                TokenHistory history = rows.get(row);
                history.append(tokens[row]);
                finished[row] = rules.reason(history);
            }
            if (report != null) {
                reported.get(row).add(report);
            }
            logs.add(report);
            feed[row][0] = tokens[row];
        }
        return new TokenStep(tokens, present, new ArrayList<>(Arrays.asList(finished)), logs);
    }

    /**
     * Returns how many passes of the model were run, those of a draft model not counted.
     *
     * @return the passes so far
     */
    public int passes() {
        return passes.passes();
    }

    /**
     * Returns how many tokens the model has read in those passes, padding included.
     *
     * @return the tokens so far
     */
    public long tokensRead() {
        return passes.tokensRead();
    }

    /** The logits the last tokens were chosen from. */
    @Nullable NDArray logits() {
        return logits;
    }

    /**
     * Returns why a row is complete.
     *
     * @param row the row, from 0
     * @return the reason, or null while it is not
     * @throws IllegalArgumentException if there is no such row
     */
    public @Nullable FinishReason finishReason(int row) {
        if (row < 0 || row >= finished.length) {
            throw new IllegalArgumentException(
                    "there is no row " + row + " in a batch of " + finished.length);
        }
        return finished[row];
    }

    /**
     * Returns what was generated.
     *
     * @return a result for each row; a row that was unfinished when the stream was closed is {@link
     *     FinishReason#CANCELLED}
     * @throws IllegalStateException if a row is unfinished and the stream is not closed
     */
    public List<GenerationResult> results() {
        List<GenerationResult> results = new ArrayList<>();
        for (int row = 0; row < finished.length; row++) {
            FinishReason reason = finished[row];
            if (reason == null) {
                throw new IllegalStateException(
                        "row " + row + " is not finished: go on to the end, or close the stream");
            }
            results.add(
                    new GenerationResult(
                            row / start.options().numReturnSequences(),
                            rows.get(row).generated(),
                            reason,
                            OptionalDouble.empty(),
                            List.copyOf(reported.get(row))));
        }
        return results;
    }

    /**
     * Ends every unfinished row before its next token. Any thread may call it, unlike {@link
     * #close}, which is still to be called.
     */
    public void cancel() {
        cancelled = true;
    }

    /** Frees the cache and everything of the last step; unfinished rows are cancelled. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        cancelRows();
        start.close(rows.get(0));
    }

    private void cancelRows() {
        for (int row = 0; row < finished.length; row++) {
            if (finished[row] == null) {
                finished[row] = FinishReason.CANCELLED;
            }
        }
    }
}

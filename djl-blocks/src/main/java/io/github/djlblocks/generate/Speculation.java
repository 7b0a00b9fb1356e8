package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.generate.TokenChooser.Choice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Speculative decoding: a draft model guesses the next tokens, and the target reads all guesses in
 * one pass. A guess stands if it is what the target chooses itself, by logits, options and random
 * number of its position; so the tokens are those of the target alone.
 *
 * <p>Leviathan et al., arXiv 2211.17192; the rule by which a guess stands is that of Hugging Face
 * assisted generation without sampling, and with sampling the coupling of both models by one random
 * number takes the place of rejection.
 */
final class Speculation {

    private final ModelPasses target;
    private final ModelPasses draft;
    private final TokenChooser chooser;
    private final int guesses;
    private final int limit;

    /**
     * @param guesses the most tokens to guess at a time
     * @param limit the most tokens to generate
     */
    Speculation(
            ModelPasses target, ModelPasses draft, TokenChooser chooser, int guesses, int limit) {
        this.target = target;
        this.draft = draft;
        this.chooser = chooser;
        this.guesses = guesses;
        this.limit = limit;
    }

    /** The next tokens, at least one; the last token of the history is yet to be read. */
    List<Choice> choose(TokenHistory history) {
        int before = history.length();
        TokenHistory guessed = guess(history);
        long[] feed = new long[guessed.length() - before + 1];
        for (int i = 0; i < feed.length; i++) {
            feed[i] = guessed.token(before - 1 + i);
        }
        NDArray logits = target.read(new long[][] {feed}, false);
        List<Choice> all = choices(history, feed, logits);
        List<Choice> chosen = new ArrayList<>();
        for (Choice choice : all) {
            chosen.add(choice);
            int next = chosen.size();
            if (next < feed.length && feed[next] != choice.token()) {
                break;
            }
        }
        target.truncate(before + chosen.size() - 1);
        draft.truncate(before + chosen.size() - 1);
        return chosen;
    }

    /** What the target chooses after each token it has read, up to the first wrong guess. */
    private List<Choice> choices(TokenHistory history, long[] feed, NDArray logits) {
        int position = history.length() + 1;
        if (chooser.isPlain()) {
            HostLogits.requireFinite(logits, position);
            return Arrays.stream(TokenChooser.argMax(logits))
                    .mapToObj(token -> new Choice(token, null))
                    .toList();
        }
        double[][] scores = HostLogits.read(logits, position);
        TokenHistory assumed = history.copy();
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i < feed.length; i++) {
            if (i > 0) {
                if (choices.get(i - 1).token() != feed[i]) {
                    break;
                }
                assumed.append(feed[i]);
            }
            choices.add(chooser.choose(assumed, scores[i]));
        }
        return choices;
    }

    /** The history with guesses behind it. */
    private TokenHistory guess(TokenHistory history) {
        TokenHistory guessed = history.copy();
        int room = Math.min(guesses, limit - history.generatedLength() - 1);
        int fitting = Math.min(room, draft.contextLength() - history.length() + 1);
        for (int i = 0; i < fitting; i++) {
            long[] unread = new long[guessed.length() - draft.length()];
            for (int j = 0; j < unread.length; j++) {
                unread[j] = guessed.token(draft.length() + j);
            }
            NDArray logits = draft.read(new long[][] {unread}, true);
            guessed.append(next(guessed, logits));
        }
        return guessed;
    }

    private long next(TokenHistory guessed, NDArray logits) {
        int position = guessed.length() + 1;
        if (chooser.isPlain()) {
            HostLogits.requireFinite(logits, position);
            return TokenChooser.argMax(logits)[0];
        }
        return chooser.choose(guessed, HostLogits.read(logits, position)[0]).token();
    }

    void close() {
        draft.close();
    }
}

package io.github.djlblocks.samples.stories;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Stories as token sequences of one length, in a training and a validation part.
 *
 * <p>A story is a validation story by a hash of its text and the seed, one in {@value #ONE_IN}, so
 * that none occurs in the training part whatever seeds it is told for. A story reads {@code <s>
 * story </s>}. Everything is a function of the seed and the tokenizer.
 */
public final class StoryCorpus {

    /** Of so many stories one is a validation story. */
    public static final int ONE_IN = 20;

    /** Which stories to read. */
    public enum Part {
        /** Stories to train on. */
        TRAINING,
        /** Stories that no training sequence holds. */
        VALIDATION
    }

    private final LongFunction<String> teller;
    private final long seed;

    /**
     * Creates a corpus.
     *
     * @param seed which stories are told and in what order, and how they are divided
     */
    public StoryCorpus(long seed) {
        this(seed, new StoryGrammar()::story);
    }

    private StoryCorpus(long seed, LongFunction<String> teller) {
        this.seed = seed;
        this.teller = teller;
    }

    /**
     * Creates a corpus of fables: stories that end with a moral.
     *
     * @param seed which fables are told and in what order, and how they are divided
     * @return the corpus
     */
    public static StoryCorpus ofFables(long seed) {
        return new StoryCorpus(seed, new StoryGrammar()::fable);
    }

    /**
     * Returns the stories of a part without end, always the same from the start.
     *
     * @param part which part
     * @return an endless stream of texts
     */
    public Stream<String> stories(Part part) {
        return LongStream.iterate(0, i -> i + 1)
                .mapToObj(i -> teller.apply(seed * 0x9E3779B97F4A7C15L + i))
                .filter(story -> part(story) == part);
    }

    /**
     * Returns sequences of one story each, padded at the end with {@code <unk>}, id {@value
     * TokenizerTrainer#UNKNOWN_ID}, which no story holds: it marks what a loss has to leave out.
     *
     * @param part which part
     * @param tokenizer a tokenizer that puts {@code <s>} in front of a text
     * @param length the tokens in a sequence, at least 2
     * @param count how many sequences
     * @return token ids {@code (count, length)}
     * @throws IllegalArgumentException if a story is longer than a sequence, or the tokenizer adds
     *     no {@code <s>} or truncates
     */
    public long[][] padded(Part part, HuggingFaceTokenizer tokenizer, int length, int count) {
        checkLength(length);
        List<long[]> sequences = new ArrayList<>();
        stories(part)
                .limit(count)
                .forEach(
                        story -> {
                            long[] ids = encode(tokenizer, story);
                            if (ids.length > length) {
                                throw new IllegalArgumentException(
                                        "length ("
                                                + length
                                                + ") must be at least "
                                                + ids.length
                                                + " to hold a whole story");
                            }
                            long[] sequence = new long[length];
                            Arrays.fill(sequence, TokenizerTrainer.UNKNOWN_ID);
                            System.arraycopy(ids, 0, sequence, 0, ids.length);
                            sequences.add(sequence);
                        });
        return sequences.toArray(new long[0][]);
    }

    /**
     * Returns prompts to measure a model with: beginnings of validation stories that a model has to
     * finish. In turn they end before the hero's name is given, after it, and after the second
     * sentence; none ends with a space, as a space belongs to the word that follows.
     *
     * @param count how many prompts
     * @return the prompts
     */
    public List<String> prompts(int count) {
        List<String> stories = stories(Part.VALIDATION).limit(count).toList();
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            prompts.add(beginning(stories.get(i), i % 3));
        }
        return prompts;
    }

    private static String beginning(String story, int depth) {
        int end =
                switch (depth) {
                    case 0 -> StoryGrammar.PROMPT.length();
                    case 1 -> endOfWord(story, story.indexOf(" named ") + " named ".length());
                    default -> story.indexOf('.', story.indexOf('.') + 1) + 1;
                };
        return story.substring(0, end);
    }

    private static int endOfWord(String text, int start) {
        int end = start;
        while (Character.isLetter(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /** Which part a story belongs to, whatever seed it is told for. */
    Part part(String story) {
        // FNV-1a over the seed's bytes and the characters.
        long hash = 0xCBF29CE484222325L;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            hash = (hash ^ ((seed >>> shift) & 0xFF)) * 0x100000001B3L;
        }
        for (int i = 0; i < story.length(); i++) {
            hash = (hash ^ story.charAt(i)) * 0x100000001B3L;
        }
        return Long.remainderUnsigned(hash >>> 16, ONE_IN) == 0 ? Part.VALIDATION : Part.TRAINING;
    }

    private static long[] encode(HuggingFaceTokenizer tokenizer, String story) {
        long[] ids = tokenizer.encode(story + TokenizerTrainer.END).getIds();
        long first = ids[0];
        long last = ids[ids.length - 1];
        if (first != TokenizerTrainer.BEGIN_ID || last != TokenizerTrainer.END_ID) {
            throw new IllegalArgumentException(
                    "a story begins with id "
                            + first
                            + " and ends with "
                            + last
                            + ", not with <s> (1) and </s> (2): the tokenizer must add <s> and not"
                            + " truncate (options addSpecialTokens, truncation)");
        }
        return ids;
    }

    private static void checkLength(int length) {
        if (length < 2) {
            throw new IllegalArgumentException(
                    "length ("
                            + length
                            + ") must be at least 2: one token to read, one to predict");
        }
    }
}

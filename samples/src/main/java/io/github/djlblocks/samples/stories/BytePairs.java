package io.github.djlblocks.samples.stories;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learns which neighbouring symbols to merge, most frequent pair first.
 *
 * <p>Byte-pair encoding, arXiv:1508.07909, over UTF-8 bytes. Words are cut as the {@code ByteLevel}
 * pre-tokenizer of Hugging Face tokenizers cuts them, by the pattern of GPT-2, and each byte is
 * written as that pre-tokenizer writes it: printable Latin-1 characters stand for themselves, the
 * other 68 bytes for the characters from U+0100 on, in order.
 */
final class BytePairs {

    private static final Pattern WORD =
            Pattern.compile(
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|"
                            + " ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                    Pattern.UNICODE_CHARACTER_CLASS);

    private static final List<String> ALPHABET = alphabet();

    private BytePairs() {}

    /** The symbols of the 256 bytes, by the value of the byte. */
    static List<String> byteSymbols() {
        return ALPHABET;
    }

    /** The words of the texts as bytes written in symbols, with how often each occurs. */
    static Map<String, Long> countWords(Iterable<String> texts) {
        Map<String, Long> counts = new TreeMap<>();
        for (String text : texts) {
            Matcher matcher = WORD.matcher(text);
            while (matcher.find()) {
                counts.merge(matcher.group(), 1L, Long::sum);
            }
        }
        return counts;
    }

    /**
     * Learns up to a number of merges, fewer if every word has become one symbol.
     *
     * @param words the words and how often each occurs
     * @param most how many merges to learn
     * @return the merges in the order they are to be applied; of pairs equally frequent the one
     *     first in order of characters comes first
     */
    static List<Pair> learn(Map<String, Long> words, int most) {
        List<Word> pieces = new ArrayList<>();
        words.forEach((text, count) -> pieces.add(new Word(spell(text), count)));
        List<Pair> merges = new ArrayList<>();
        while (merges.size() < most) {
            Map<Pair, Long> counts = new HashMap<>();
            for (Word word : pieces) {
                for (int i = 0; i + 1 < word.symbols.size(); i++) {
                    Pair pair = new Pair(word.symbols.get(i), word.symbols.get(i + 1));
                    counts.merge(pair, word.count, Long::sum);
                }
            }
            if (counts.isEmpty()) {
                break;
            }
            Pair best = best(counts);
            pieces.forEach(word -> merge(word.symbols, best));
            merges.add(best);
        }
        return merges;
    }

    private static Pair best(Map<Pair, Long> counts) {
        return counts.entrySet().stream()
                .min(
                        Map.Entry.<Pair, Long>comparingByValue()
                                .reversed()
                                .thenComparing(Map.Entry.comparingByKey()))
                .orElseThrow()
                .getKey();
    }

    private static void merge(List<String> symbols, Pair pair) {
        for (int i = 0; i + 1 < symbols.size(); i++) {
            if (symbols.get(i).equals(pair.left) && symbols.get(i + 1).equals(pair.right)) {
                symbols.set(i, pair.merged());
                symbols.remove(i + 1);
            }
        }
    }

    private static List<String> spell(String word) {
        List<String> symbols = new ArrayList<>();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            symbols.add(ALPHABET.get(b & 0xFF));
        }
        return symbols;
    }

    private static List<String> alphabet() {
        List<String> symbols = new ArrayList<>();
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value > 0x20 && value < 0x7F) || (value > 0xA0 && value != 0xAD);
            symbols.add(String.valueOf(printable ? (char) value : next++));
        }
        return List.copyOf(symbols);
    }

    private record Word(List<String> symbols, long count) {}

    /**
     * Two neighbouring symbols.
     *
     * @param left the first
     * @param right the second
     */
    record Pair(String left, String right) implements Comparable<Pair> {

        String merged() {
            return left + right;
        }

        @Override
        public int compareTo(Pair other) {
            int order = left.compareTo(other.left);
            return order != 0 ? order : right.compareTo(other.right);
        }
    }
}

package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.samples.stories.BytePairs.Pair;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BytePairsTest {

    @Test
    void byteSymbols_all_oneCharacterEachAndDistinct() {
        assertThat(BytePairs.byteSymbols()).hasSize(256).doesNotHaveDuplicates();
        assertThat(BytePairs.byteSymbols()).allMatch(symbol -> symbol.length() == 1);
        // 33 control bytes and the space come first among the 68 that are moved: the space is 32.
        assertThat(BytePairs.byteSymbols().get(' ')).isEqualTo("\u0120");
        assertThat(BytePairs.byteSymbols().get('\n')).isEqualTo("\u010A");
        assertThat(BytePairs.byteSymbols().get(0xAD)).isEqualTo("\u0143");
        assertThat(BytePairs.byteSymbols().get('a')).isEqualTo("a");
    }

    @Test
    void countWords_punctuationNumbersAndSpaces_cutAsByteLevelDoes() {
        assertThat(BytePairs.countWords(List.of("He's 12 years, he is.\n\n Well")))
                .containsOnlyKeys(
                        "He", "'s", " 12", " years", ",", " he", " is", ".", "\n\n", " Well");
    }

    @Test
    void learn_smallCorpus_mergesByHand() {
        // l o w (5), l o w e r (2), n e w (3). lo 7, ow 7, we 2, er 2, ne 3, ew 3: lo before ow by
        // characters. Then low 7; then ew 3 and ne 3: ew first; then n+ew 3; low+e 2 before e+r 2:
        // 'e' < 'l', so er; then low+er.
        Map<String, Long> words = Map.of("low", 5L, "lower", 2L, "new", 3L);
        assertThat(BytePairs.learn(words, 100))
                .containsExactly(
                        new Pair("l", "o"),
                        new Pair("lo", "w"),
                        new Pair("e", "w"),
                        new Pair("n", "ew"),
                        new Pair("e", "r"),
                        new Pair("low", "er"));
        assertThat(BytePairs.learn(words, 2))
                .containsExactly(new Pair("l", "o"), new Pair("lo", "w"));
    }

    @Test
    void learn_repeatedSymbol_mergesFromTheLeft() {
        assertThat(BytePairs.learn(Map.of("aaaaa", 1L), 3))
                .containsExactly(new Pair("a", "a"), new Pair("aa", "a"), new Pair("aa", "aaa"));
    }
}

package io.github.djlblocks.samples.stories;

import java.util.List;
import java.util.stream.Stream;

/**
 * The sentences that {@link StoryChecker} takes for right, by plot and place in it.
 *
 * <p>In angle brackets stands a slot: {@code hero} and {@code friend} accept the name or the
 * subject pronoun, {@code hero.him} the name or the object pronoun, {@code hero.his} the
 * possessive; other slots are lists of words, and a slot that comes again must say the same again.
 * This table is kept apart from the templates that stories are written with: the checker would
 * otherwise share the mistakes of the grammar.
 */
final class StoryForms {

    private static final List<String> OPENING =
            List.of(
                    "Once upon a time, <article> <trait> <species> named <name.hero> lived <home>.",
                    "Once upon a time, there was <article> <trait> <species> named <name.hero> who"
                            + " lived <home>.");

    private static final String A_FRIEND = "<article> <trait> <species> named <name.friend>";

    private static final List<String> OWNS_THINGS =
            List.of(
                    "<hero> had <count> <things>.",
                    "<hero> had <count> <things> in <hero.his> basket.");

    private static final List<String> MEETS =
            List.of(
                    "One <time>, <hero> went to the <place> and met " + A_FRIEND + ".",
                    "One <time>, <hero> met " + A_FRIEND + " at the <place>.");

    private static final List<String> PARTS_EVENLY =
            List.of(
                    "After that, <hero> and <friend> were best friends.",
                    "They stayed at the <place> until it was dark.");

    private static final List<String> HERO_IS_THANKFUL =
            closing(
                    "<hero> thanked <friend.him>, and they became good friends.",
                    "<hero> thanked <friend.him> and went home with a big smile.");

    private static final List<String> FRIEND_IS_THANKFUL =
            closing(
                    "<friend> thanked <hero.him>, and they became good friends.",
                    "<friend> thanked <hero.him> and went home with a big smile.");

    private static final List<List<String>> LOST_AND_FOUND =
            List.of(
                    OPENING,
                    List.of(
                            "<hero> had a <colour> <object> and loved it very much.",
                            "<hero> had a <colour> <object> that <hero> took everywhere."),
                    List.of(
                            "One <time>, <hero> went to the <place> and lost it.",
                            "One <time>, <hero> went to the <place>, but <hero> lost the <object>"
                                    + " on the way."),
                    List.of(
                            "<hero> was sad, but then <hero> met " + A_FRIEND + ".",
                            "<hero> looked and looked, and then <hero> met " + A_FRIEND + "."),
                    List.of(
                            "<friend> found the <colour> <object> <hiding> and gave it back to"
                                    + " <hero.him>.",
                            "<friend> helped <hero.him> look, and soon they found the <colour>"
                                    + " <object> <hiding>."),
                    HERO_IS_THANKFUL);

    private static final List<List<String>> GETS_MORE =
            List.of(
                    OPENING,
                    OWNS_THINGS,
                    MEETS,
                    List.of(
                            "<friend> gave <hero.him> <added> more.",
                            "<friend> was glad to meet <hero.him> and gave <hero.him> <added>"
                                    + " more."),
                    List.of("Now <hero> had <sum> <things>."),
                    HERO_IS_THANKFUL);

    private static final List<List<String>> SHARES =
            List.of(
                    OPENING,
                    OWNS_THINGS,
                    MEETS,
                    List.of(
                            "<friend> had none, so <hero> gave <friend.him> <taken> of them.",
                            "<hero> wanted to share and gave <friend.him> <taken> of them."),
                    List.of("Now <hero> had <rest> <things> left."),
                    FRIEND_IS_THANKFUL);

    private static final List<List<String>> MEETS_BAD_WEATHER =
            List.of(
                    OPENING,
                    List.of(
                            "One <weather> <daytime>, <hero> went to the <place> and got very"
                                    + " <harm>.",
                            "One <weather> <daytime>, <hero> got very <harm> on the way to the"
                                    + " <place>."),
                    List.of(
                            "There <hero> met " + A_FRIEND + ".",
                            "Then <hero> met " + A_FRIEND + "."),
                    List.of(
                            "<friend> gave <hero.him> a <colour> <garment>.",
                            "<friend> had a <colour> <garment> and gave it to <hero.him>."),
                    List.of(
                            "The <colour> <garment> kept <hero.him> <cure>.",
                            "<hero> put on the <colour> <garment> and was <cure> again."),
                    HERO_IS_THANKFUL);

    /**
     * For every plot the forms of its sentences in order; no two forms of a place read the same.
     */
    static final List<List<List<String>>> PLOTS =
            List.of(LOST_AND_FOUND, GETS_MORE, SHARES, MEETS_BAD_WEATHER);

    private StoryForms() {}

    private static List<String> closing(String first, String second) {
        return Stream.concat(Stream.of(first, second), PARTS_EVENLY.stream()).toList();
    }
}

package io.github.djlblocks.samples.bench;

import java.util.Arrays;
import java.util.Locale;

/** A choice that has a name on the command line. */
interface Named {

    /** The name of an enum constant: its own, in lower case. */
    default String label() {
        return toString().toLowerCase(Locale.ROOT);
    }

    /**
     * Finds a choice by its name.
     *
     * @param kind what it is, for the error
     * @param name the name, in any case
     * @param known all there are
     * @return the choice
     * @throws IllegalArgumentException if there is none of this name; the text lists all names
     */
    static <T extends Named> T find(String kind, String name, T[] known) {
        return Arrays.stream(known)
                .filter(choice -> choice.label().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "unknown "
                                                + kind
                                                + " '"
                                                + name
                                                + "', known: "
                                                + String.join(
                                                        ", ",
                                                        Arrays.stream(known)
                                                                .map(Named::label)
                                                                .toList())));
    }
}

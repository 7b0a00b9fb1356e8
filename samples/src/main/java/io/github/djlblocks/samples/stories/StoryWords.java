package io.github.djlblocks.samples.stories;

import java.util.List;

/** The words that stories are made of: data that the grammar and the checker have in common. */
final class StoryWords {

    static final List<String> HE_NAMES =
            List.of("Pip", "Tom", "Sam", "Max", "Ben", "Leo", "Finn", "Otto");
    static final List<String> SHE_NAMES =
            List.of("Mia", "Lily", "Anna", "Rose", "Zoe", "Luna", "Ruby", "Nell");

    static final List<String> SPECIES =
            List.of(
                    "fox", "rabbit", "bear", "mouse", "duck", "frog", "owl", "cat", "dog", "goat",
                    "pig", "turtle");
    static final List<String> TRAITS =
            List.of(
                    "small", "kind", "brave", "shy", "clever", "old", "happy", "gentle", "lazy",
                    "quick");
    static final List<String> HOMES =
            List.of(
                    "near the river",
                    "in the forest",
                    "in a little house",
                    "under a tall tree",
                    "on a high hill",
                    "in a quiet village");
    static final List<String> TIMES =
            List.of(
                    "sunny day",
                    "warm morning",
                    "windy afternoon",
                    "quiet evening",
                    "bright morning",
                    "spring day");
    static final List<String> PLACES =
            List.of("park", "lake", "market", "beach", "farm", "pond", "bridge", "mill");

    static final List<String> COLOURS = List.of("red", "blue", "green", "yellow", "pink", "white");
    static final List<String> OBJECTS =
            List.of("kite", "ball", "drum", "boat", "bell", "book", "flute", "cup");
    static final List<String> HIDING_PLACES =
            List.of(
                    "under a bush",
                    "behind a rock",
                    "in the tall grass",
                    "near a fence",
                    "under the leaves",
                    "beside the path");
    static final List<String> GARMENTS = List.of("coat", "scarf", "hat", "cloak");

    static final List<String> THINGS =
            List.of(
                    "apples", "pears", "nuts", "shells", "carrots", "flowers", "berries",
                    "cookies");

    /** A number's word is at the index of its value; zero is never told. */
    static final List<String> NUMBERS =
            List.of(
                    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
                    "ten");

    static final int LARGEST_NUMBER = NUMBERS.size() - 1;

    /** Bad weather, what it does to the hero, and what a garment does about it. */
    static final List<Weather> WEATHERS =
            List.of(new Weather("rainy", "wet", "dry"), new Weather("cold", "cold", "warm"));

    static final List<String> DAYTIMES = List.of("day", "morning", "evening");

    private StoryWords() {}

    /**
     * The words that go with one kind of bad weather.
     *
     * @param name what the day is called
     * @param harm what the hero gets from it
     * @param cure what the garment keeps the hero
     */
    record Weather(String name, String harm, String cure) {}
}

package io.github.djlblocks.huggingface;

import java.util.List;

/**
 * Finds the first of some strings in text that comes in pieces. What may be the start of one is
 * held back until it is known.
 */
final class StopText {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopText(List<String> stops) {
        this.stops = stops;
    }

    /** Takes a piece and returns the text that is surely before any of the strings. */
    String accept(String piece) {
        held.append(piece);
        int at = first(held, stops);
        if (at >= 0) {
            found = true;
            String before = held.substring(0, at);
            held.setLength(0);
            return before;
        }
        int keep = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > keep; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    keep = length;
                }
            }
        }
        String sure = held.substring(0, held.length() - keep);
        held.delete(0, sure.length());
        return sure;
    }

    /** What was held back and is no stop string after all. */
    String rest() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    boolean isFound() {
        return found;
    }

    /** Where the first of some strings starts in a text, or -1. */
    static int first(CharSequence text, List<String> stops) {
        String whole = text.toString();
        return stops.stream().mapToInt(whole::indexOf).filter(at -> at >= 0).min().orElse(-1);
    }
}

package io.github.djlblocks.template;

/** Text counted in characters of Unicode, as Python does, not in Java's halves of them. */
final class Points {

    private Points() {}

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    static int compare(String left, String right) {
        int[] a = left.codePoints().toArray();
        int[] b = right.codePoints().toArray();
        return java.util.Arrays.compare(a, b);
    }

    static String strip(String text, String characters, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to && isIn(text.codePointAt(from), characters)) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && from < to && isIn(text.codePointBefore(to), characters)) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    /** No characters stand for white space. */
    private static boolean isIn(int point, String characters) {
        return characters.isEmpty() ? isSpace(point) : characters.indexOf(point) >= 0;
    }

    static boolean isSpace(int point) {
        return Character.isWhitespace(point)
                || Character.isSpaceChar(point)
                || point == 0x85
                || (point >= 0x1c && point <= 0x1f);
    }
}

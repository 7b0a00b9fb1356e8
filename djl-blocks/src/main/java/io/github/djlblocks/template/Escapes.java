package io.github.djlblocks.template;

/** Escape sequences of string literals, those of Python; an unknown one stands for itself. */
final class Escapes {

    private static final String LETTERS = "ntrabfv\\'\"";
    private static final String VALUES = "\n\t\r\u0007\b\f\u000b\\'\"";

    private Escapes() {}

    static String decode(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder decoded = new StringBuilder(text.length());
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i++);
            if (c != '\\' || i == text.length()) {
                decoded.append(c);
                continue;
            }
            char escape = text.charAt(i++);
            int known = LETTERS.indexOf(escape);
            int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
            if (known >= 0) {
                decoded.append(VALUES.charAt(known));
            } else if (digits > 0) {
                decoded.appendCodePoint(hexadecimal(text, i, digits));
                i += digits;
            } else if (escape == '0') {
                decoded.append('\0');
            } else if (escape != '\n') {
                decoded.append('\\').append(escape);
            }
        }
        return decoded.toString();
    }

    private static int hexadecimal(String text, int start, int digits) {
        String number = text.substring(start, Math.min(start + digits, text.length()));
        try {
            int value = Integer.parseInt(number, 16);
            if (number.length() == digits && Character.isValidCodePoint(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new TemplateException(
                    "'" + number + "' is no character: an escape has " + digits + " digits");
        }
        throw new TemplateException(
                "'" + number + "' is no character: an escape has " + digits + " digits");
    }
}

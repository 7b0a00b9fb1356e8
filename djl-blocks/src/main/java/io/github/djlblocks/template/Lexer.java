package io.github.djlblocks.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, with the white space rules of Jinja's {@code trim_blocks} and {@code
 * lstrip_blocks}: a statement or comment takes the line break after it along, and the indentation
 * before it; {@code -} takes all white space on its side, {@code +} none. Values take nothing.
 */
final class Lexer {

    private static final String OPENING = "([{";
    private static final String CLOSING = ")]}";

    private static final Pattern TAG = Pattern.compile("\\{([{%#])");
    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%}\\s*|%})");
    private static final Pattern END_RAW =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)");
    private static final Pattern COMMENT_END = Pattern.compile("\\+#}|-#}\\s*|#}\\n?");
    private static final Pattern PRINT_END = Pattern.compile("-}}\\s*|}}");
    private static final Pattern STATEMENT_END = Pattern.compile("\\+%}|-%}\\s*|%}\\n?");
    private static final Pattern SPACE = Pattern.compile("\\s+");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*");
    private static final Pattern FLOAT =
            Pattern.compile("[0-9]+(\\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)");
    private static final Pattern INTEGER = Pattern.compile("[0-9]+(_[0-9]+)*");
    private static final Pattern STRING =
            Pattern.compile("'((?:[^'\\\\]|\\\\.)*+)'|\"((?:[^\"\\\\]|\\\\.)*+)\"", Pattern.DOTALL);
    private static final Pattern OPERATOR =
            Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}<>=.:|,]");

    private final String where;
    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    private int counted;
    private boolean lineStart = true;

    private Lexer(String where, String source) {
        this.where = where;
        String text = source.replaceAll("\\r\\n|\\r", "\n");
        this.source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static List<Token> tokens(String where, String source) {
        Lexer lexer = new Lexer(where, source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        Matcher tag = TAG.matcher(source);
        while (tag.find(position)) {
            String text = source.substring(position, tag.start());
            char kind = source.charAt(tag.start() + 1);
            int inside = tag.start() + 2;
            char sign = inside < source.length() ? source.charAt(inside) : ' ';
            add(Token.Kind.TEXT, before(text, sign, kind != '{'));
            move(tag.start());
            if (kind == '#') {
                skip(COMMENT_END, "comment");
            } else if (at(RAW)) {
                raw();
            } else {
                add(kind == '{' ? Token.Kind.PRINT : Token.Kind.STATEMENT, "");
                move(sign == '-' || sign == '+' ? inside + 1 : inside);
                code(kind == '{' ? PRINT_END : STATEMENT_END);
            }
            lineStart = source.charAt(position - 1) == '\n';
        }
        add(Token.Kind.TEXT, source.substring(position));
        move(source.length());
        tokens.add(new Token(Token.Kind.END, "", line));
    }

    /** The text before a tag, less the white space that the tag takes along. */
    private String before(String text, char sign, boolean takesIndentation) {
        if (sign == '-') {
            return text.stripTrailing();
        }
        int lastLine = text.lastIndexOf('\n') + 1;
        boolean alone = lastLine > 0 || lineStart;
        return sign != '+' && takesIndentation && alone && text.substring(lastLine).isBlank()
                ? text.substring(0, lastLine)
                : text;
    }

    private void skip(Pattern end, String what) {
        Matcher matcher = end.matcher(source);
        if (!matcher.find(position + 2)) {
            throw error("the " + what + " is not closed");
        }
        move(matcher.end());
    }

    private void raw() {
        Matcher start = RAW.matcher(source).region(position, source.length());
        if (start.lookingAt()) {
            move(start.end());
        }
        Matcher end = END_RAW.matcher(source);
        if (!end.find(position)) {
            throw error("{% raw %} is not closed: write {% endraw %}");
        }
        lineStart = source.charAt(position - 1) == '\n';
        String sign = end.group(1);
        String text = source.substring(position, end.start());
        add(Token.Kind.TEXT, before(text, sign.isEmpty() ? ' ' : sign.charAt(0), true));
        move(end.end());
    }

    private void code(Pattern end) {
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            if (at(SPACE)) {
                move(position + length(SPACE));
            } else if (open.isEmpty() && at(end)) {
                add(Token.Kind.CLOSE, "");
                move(position + length(end));
                return;
            } else if (position >= source.length()) {
                throw error("the tag is not closed");
            } else if (at(STRING)) {
                String literal = source.substring(position, position + length(STRING));
                take(
                        Token.Kind.STRING,
                        STRING,
                        Escapes.decode(literal.substring(1, literal.length() - 1)));
            } else if (!word()) {
                operator(open);
            }
        }
    }

    private boolean word() {
        if (at(NAME)) {
            take(Token.Kind.NAME, NAME);
        } else if (at(FLOAT)) {
            take(Token.Kind.FLOAT, FLOAT);
        } else if (at(INTEGER)) {
            take(Token.Kind.INTEGER, INTEGER);
        } else {
            return false;
        }
        return true;
    }

    private void operator(Deque<Character> open) {
        if (!at(OPERATOR)) {
            throw error("'" + source.charAt(position) + "' is not expected here");
        }
        char character = source.charAt(position);
        if (OPENING.indexOf(character) >= 0) {
            open.push(character);
        } else if (CLOSING.indexOf(character) >= 0) {
            char expected = OPENING.charAt(CLOSING.indexOf(character));
            if (open.isEmpty() || open.pop() != expected) {
                throw error("'" + character + "' closes nothing");
            }
        }
        take(Token.Kind.OPERATOR, OPERATOR);
    }

    private boolean at(Pattern pattern) {
        return pattern.matcher(source).region(position, source.length()).lookingAt();
    }

    private int length(Pattern pattern) {
        Matcher matcher = pattern.matcher(source).region(position, source.length());
        return matcher.lookingAt() ? matcher.end() - position : 0;
    }

    private void take(Token.Kind kind, Pattern pattern) {
        take(kind, pattern, source.substring(position, position + length(pattern)));
    }

    private void take(Token.Kind kind, Pattern pattern, String text) {
        tokens.add(new Token(kind, text, line));
        move(position + length(pattern));
    }

    private void add(Token.Kind kind, String text) {
        if (kind != Token.Kind.TEXT || !text.isEmpty()) {
            tokens.add(new Token(kind, text, line));
        }
    }

    private void move(int to) {
        position = to;
        for (; counted < to; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
    }

    private TemplateException error(String message) {
        return TemplateException.at(where, line, message);
    }
}

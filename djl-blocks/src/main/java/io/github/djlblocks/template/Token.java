package io.github.djlblocks.template;

/** A piece of a template and the line it starts on. */
record Token(Kind kind, String text, int line) {

    enum Kind {
        /** Text to print as it is. */
        TEXT,
        /** The start of a value to print. */
        PRINT,
        /** The start of a statement. */
        STATEMENT,
        /** The end of a value or statement. */
        CLOSE,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    @Override
    public String toString() {
        return switch (kind) {
            case END -> "the end of the template";
            case CLOSE -> "the end of the tag";
            case TEXT -> "text";
            default -> "'" + text + "'";
        };
    }
}

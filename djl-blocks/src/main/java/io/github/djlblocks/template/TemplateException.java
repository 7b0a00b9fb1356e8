package io.github.djlblocks.template;

/**
 * A template that cannot be read or rendered. The message says where and why; for {@code
 * raise_exception} the reason is the template's own.
 */
public final class TemplateException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final boolean placed;

    private TemplateException(String message, boolean placed, Throwable cause) {
        super(message, cause);
        this.placed = placed;
    }

    TemplateException(String message) {
        super(message);
        placed = false;
    }

    static TemplateException at(String where, int line, String message) {
        TemplateException bare = new TemplateException(message);
        return bare.in(where, line);
    }

    /** This exception with the place it comes from, unless it has one. */
    TemplateException in(String where, int line) {
        return placed
                ? this
                : new TemplateException(where + ", line " + line + ": " + getMessage(), true, this);
    }
}

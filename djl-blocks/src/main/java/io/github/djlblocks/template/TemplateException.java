package io.github.djlblocks.template;

/**
 * A template that cannot be read or rendered. The message says which and why; for {@code
 * raise_exception} the reason is the template's own.
 */
public final class TemplateException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    TemplateException(String message, Throwable cause) {
        super(message, cause);
    }
}

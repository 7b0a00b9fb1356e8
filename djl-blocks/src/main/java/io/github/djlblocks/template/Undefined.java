package io.github.djlblocks.template;

/**
 * The value of what is not there: empty when it is printed or looped over, and an error when
 * something is asked of it.
 *
 * @param reason what is not there
 */
record Undefined(String reason) {

    TemplateException error() {
        return new TemplateException(reason);
    }
}

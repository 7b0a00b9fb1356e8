package io.github.djlblocks.template;

/** The value None of a template; Java's null never is one. */
enum None {
    NONE
}

package io.github.djlblocks.architecture.wrong.internal;

import io.github.djlblocks.architecture.wrong.core.Middle;

/** At the lowest level, but looks up: half of a cycle. */
public final class Hidden {

    /** Does nothing. */
    public void touch() {}

    static final class LooksUp {
        Middle up() {
            return new Middle();
        }
    }
}

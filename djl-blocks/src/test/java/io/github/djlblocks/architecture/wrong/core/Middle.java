package io.github.djlblocks.architecture.wrong.core;

import io.github.djlblocks.architecture.wrong.internal.Hidden;

/** Uses a lower level, as it may: the other half of a cycle. */
public final class Middle {

    Hidden down() {
        return new Hidden();
    }
}

package io.github.djlblocks.graph;

import io.github.djlblocks.kernel.Past;

/** Numbers of a later call; those of the recorded one are hints. */
final class TracedPast implements Past {

    private final Value value;
    private final Past hint;

    TracedPast(Value value, Past hint) {
        this.value = value;
        this.hint = hint;
    }

    Value value() {
        return value;
    }

    @Override
    public long[] lengths() {
        return hint.lengths();
    }

    @Override
    public String toString() {
        return value.name();
    }
}

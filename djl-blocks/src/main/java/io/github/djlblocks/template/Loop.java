package io.github.djlblocks.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop} in the body of a loop. */
final class Loop {

    private final List<Object> items;
    private final int depth;
    private int index;
    private @Nullable Object last;

    Loop(List<Object> items, int depth) {
        this.items = items;
        this.depth = depth;
    }

    void moveTo(int item) {
        index = item;
    }

    int depth() {
        return depth;
    }

    Object attribute(String name) {
        int length = items.size();
        return switch (name) {
            case "index" -> (long) index + 1;
            case "index0" -> (long) index;
            case "revindex" -> (long) length - index;
            case "revindex0" -> (long) length - index - 1;
            case "first" -> index == 0;
            case "last" -> index == length - 1;
            case "length" -> (long) length;
            case "depth" -> (long) depth + 1;
            case "depth0" -> (long) depth;
            case "previtem" -> neighbour(index - 1, "there is no previous item");
            case "nextitem" -> neighbour(index + 1, "there is no next item");
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> new Undefined("loop has no '" + name + "'");
        };
    }

    private Object neighbour(int place, String otherwise) {
        return place >= 0 && place < items.size() ? items.get(place) : new Undefined(otherwise);
    }

    private Object cycle(Arguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw new TemplateException("loop.cycle() needs at least one value");
        }
        return values.get(index % values.size());
    }

    private Object changed(Arguments arguments) {
        Object now = arguments.positional();
        boolean changed = last == null || !Python.areEqual(last, now);
        last = now;
        return changed;
    }
}

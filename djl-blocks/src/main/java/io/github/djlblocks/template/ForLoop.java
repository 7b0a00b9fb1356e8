package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;

/** A loop. What its body sets ends with each round, as in Jinja; a namespace outlives it. */
record ForLoop(
        List<String> names,
        Expression items,
        Expression condition,
        Statement body,
        Statement otherwise)
        implements Statement {

    private static final String LOOP = "loop";

    @Override
    public Flow run(Scope scope, StringBuilder out) {
        List<Object> chosen = new ArrayList<>();
        for (Object item : Python.items(items.evaluate(scope))) {
            if (Python.isTrue(condition.evaluate(round(scope, item)))) {
                chosen.add(item);
            }
        }
        if (chosen.isEmpty()) {
            return otherwise.run(scope, out);
        }
        int depth = scope.get(LOOP) instanceof Loop outer ? outer.depth() + 1 : 0;
        Loop loop = new Loop(chosen, depth);
        for (int i = 0; i < chosen.size(); i++) {
            loop.moveTo(i);
            Scope round = round(scope, chosen.get(i));
            round.set(LOOP, loop);
            if (body.run(round, out) == Flow.BREAK) {
                break;
            }
        }
        return Flow.NEXT;
    }

    private Scope round(Scope scope, Object item) {
        Scope round = scope.inner();
        Statements.assign(round, names, item);
        return round;
    }
}

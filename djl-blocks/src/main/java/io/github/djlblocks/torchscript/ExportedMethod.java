package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/** Prints a recorded method: what it is given, its caches, its computation, what it gives. */
final class ExportedMethod {

    private final RecordedMethod recorded;
    private final ExportMethod method;
    private final List<FileCache> caches;
    private final CacheState state;
    private final ScriptWriter out;

    ExportedMethod(RecordedMethod recorded, CacheState state, ScriptWriter out) {
        this.recorded = recorded;
        method = recorded.method();
        caches = recorded.caches();
        this.state = state;
        this.out = out;
    }

    /** Its definition, as a method of a class. */
    String text(String className) {
        name();
        caches.forEach(this::requireKnown);
        begin();
        Emitters.emit(recorded.graph(), out);
        if (recorded.isOfState()) {
            state.end(caches, out);
        }
        List<String> results = results();
        List<String> types = new ArrayList<>(Collections.nCopies(results.size(), "Tensor"));
        if (recorded.givesPast()) {
            results.add(CacheEmitters.LIST);
            types.add("List[Tensor]");
        }
        String type = types.size() == 1 ? types.get(0) : "Tuple[" + String.join(", ", types) + "]";
        String result = String.join(", ", results);
        return head(className)
                + type
                + ":\n"
                + out.lines()
                + "  return "
                + (results.size() == 1 ? result : "(" + result + ")")
                + "\n";
    }

    private String head(String className) {
        String arguments =
                recorded.arguments().stream()
                        .map(name -> ", " + name + ": Tensor")
                        .collect(Collectors.joining());
        String past = recorded.takesPast() ? ", " + ArgumentNames.PAST + ": List[Tensor]" : "";
        return "def %s(self: %s%s%s) -> ".formatted(recorded.name(), className, arguments, past);
    }

    /** Names for arguments, of the type to compute in. */
    private void name() {
        List<Value> inputs = recorded.graph().inputs();
        for (int i = 0; i < inputs.size(); i++) {
            Value input = inputs.get(i);
            String name = recorded.arguments().get(i);
            if (out.types().converts(input.dataType())) {
                out.assign(input, "torch.to(" + name + ", " + out.types().single() + ")");
            } else {
                out.name(input, name);
            }
        }
    }

    private void requireKnown(FileCache cache) {
        Dim steps = cache.steps();
        if (steps != null
                && !steps.isConstant()
                && !recorded.graph().inputs().contains(steps.origin())) {
            throw new UnsupportedOperationException(
                    "what is cached has an axis " + steps + " that no input has");
        }
    }

    private void begin() {
        if (caches.isEmpty()) {
            return;
        }
        if (recorded.isOfState()) {
            state.begin(recorded, out);
        } else {
            String past = recorded.takesPast() ? ArgumentNames.PAST : "annotate(List[Tensor], [])";
            int tensors = 2 * recorded.slots();
            out.line(
                    CacheEmitters.LIST
                            + " = "
                            + out.call("slots", ScriptWriter.code(past), tensors));
            for (FileCache cache : caches) {
                CacheEmitters.passed(cache, out);
            }
        }
        FileCache first = caches.get(0);
        if (method.contextLength() > 0 && first.steps() != null) {
            String checked =
                    out.call(
                            "require_context",
                            first.passed(),
                            first.steps(),
                            method.contextLength());
            out.line(out.temporary() + " = " + checked);
        }
    }

    private List<String> results() {
        List<String> results = new ArrayList<>();
        for (Value output : recorded.graph().outputs()) {
            String name = out.text(output);
            // A type that DJL cannot hold never leaves the file.
            boolean converted = out.types().converts(output.dataType());
            results.add(converted ? "torch.to(" + name + ", 6)" : name);
        }
        return results;
    }
}

package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Node;
import java.util.Map;

/** Prints what methods of a file do with the list of tensors that is their cache. */
final class CacheEmitters {

    /** The variable that holds the list. */
    static final String LIST = "b0_cache";

    private CacheEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("keepWhole", (node, out) -> keep("keep_whole", node, out));
        all.put("keepPast", (node, out) -> keep("keep_past", node, out));
        all.put("keepRoom", (node, out) -> keep("keep_room", node, out));
        all.put("keptWhole", (node, out) -> keep("kept_whole", node, out));
    }

    /** Says how many tokens a cache in the list holds. */
    static void passed(FileCache cache, ScriptWriter out) {
        int first = 2 * cache.firstSlot();
        out.assign(cache.passed(), out.call("passed", ScriptWriter.code(LIST), first));
    }

    private static void keep(String function, Node node, ScriptWriter out) {
        Object[] operands = node.operands().toArray();
        Object[] arguments = new Object[operands.length + 1];
        arguments[0] = ScriptWriter.code(LIST);
        System.arraycopy(operands, 0, arguments, 1, operands.length);
        out.assign(node.result(), out.call(function, arguments));
    }
}

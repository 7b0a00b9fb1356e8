package io.github.djlblocks.torchscript;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The classes of a module tree, in the files where PyTorch looks for them. */
final class ClassTexts {

    private final Map<String, String> byClass = new LinkedHashMap<>();
    private final Map<String, String> byFile = new LinkedHashMap<>();
    private final Set<ModuleNode> visited = Collections.newSetFromMap(new IdentityHashMap<>());

    private ClassTexts() {}

    /**
     * Collects the classes of a tree.
     *
     * @return file to text; class {@code __torch__.a.B} is in {@code __torch__/a.py}
     * @throws IllegalArgumentException if two nodes of one class differ in more than values
     */
    static Map<String, String> of(ModuleNode root) {
        ClassTexts texts = new ClassTexts();
        texts.visit(root);
        return Collections.unmodifiableMap(texts.byFile);
    }

    private void visit(ModuleNode node) {
        if (!visited.add(node)) {
            return;
        }
        String earlier = byClass.putIfAbsent(node.className(), node.text());
        if (earlier == null) {
            byFile.merge(file(node.className()), node.text(), String::concat);
        } else if (!earlier.equals(node.text())) {
            throw new IllegalArgumentException(
                    "two modules are of class "
                            + node.className()
                            + " but differ in parts or methods: give them two class names");
        }
        for (ModuleNode.Part part : node.parts().values()) {
            if (part instanceof ModuleNode.Child child) {
                visit(child.node());
            }
        }
    }

    private static String file(String className) {
        return className.substring(0, className.lastIndexOf('.')).replace('.', '/') + ".py";
    }
}

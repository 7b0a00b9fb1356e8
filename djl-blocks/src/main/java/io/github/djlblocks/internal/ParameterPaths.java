package io.github.djlblocks.internal;

import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parameters of a block tree by path: the names on the way down, joined with dots.
 *
 * <p>DJL numbers the children of a block ({@code 01query}, {@code 02key}); the numbers are left
 * out: {@code 01layers.0 -> 02attention -> weight} is {@code layers.0.attention.weight}. They stay
 * where siblings have one name without them, as in a SequentialBlock: {@code 01Linear.weight,
 * 02Linear.weight}.
 */
public final class ParameterPaths {

    private static final Pattern NUMBERED = Pattern.compile("\\d{2,}(?=\\D)");

    private final Map<String, Parameter> byPath = new LinkedHashMap<>();
    private final IdentityHashMap<Parameter, String> firstPaths = new IdentityHashMap<>();
    private final Map<String, String> aliases = new LinkedHashMap<>();
    private final Map<String, Block> blocks = new LinkedHashMap<>();

    private ParameterPaths(Block block) {
        walk("", block);
    }

    /**
     * Lists the parameters of a block tree, in the order of the tree. One that is shared by several
     * places appears once, under the first path that leads to it.
     *
     * @param block the root; its own name is not part of a path
     * @return path to parameter, unmodifiable
     * @throws IllegalArgumentException if two parameters have the same path
     */
    public static Map<String, Parameter> of(Block block) {
        return Collections.unmodifiableMap(new ParameterPaths(block).byPath);
    }

    /**
     * Lists the further paths of shared parameters.
     *
     * @param block the root
     * @return further path to first path
     * @throws IllegalArgumentException if two parameters have the same path
     */
    public static Map<String, String> aliases(Block block) {
        return Collections.unmodifiableMap(new ParameterPaths(block).aliases);
    }

    /**
     * Lists the blocks of a tree below its root.
     *
     * @param block the root
     * @return path to block, in the order of the tree
     * @throws IllegalArgumentException if two parameters have the same path
     */
    public static Map<String, Block> blocks(Block block) {
        return Collections.unmodifiableMap(new ParameterPaths(block).blocks);
    }

    private void walk(String prefix, Block block) {
        for (Pair<String, Parameter> direct : block.getDirectParameters()) {
            add(prefix + direct.getKey(), direct.getValue());
        }
        BlockList children = block.getChildren();
        Map<String, Integer> uses = new HashMap<>();
        for (int i = 0; i < children.size(); i++) {
            uses.merge(childName(children.keyAt(i), i + 1), 1, Integer::sum);
        }
        for (int i = 0; i < children.size(); i++) {
            Pair<String, Block> child = children.get(i);
            String name = childName(child.getKey(), i + 1);
            boolean unique = Objects.equals(uses.get(name), 1);
            String path = prefix + (unique ? name : child.getKey());
            blocks.putIfAbsent(path, child.getValue());
            walk(path + '.', child.getValue());
        }
    }

    private void add(String path, Parameter parameter) {
        String first = firstPaths.putIfAbsent(parameter, path);
        if (byPath.containsKey(path) || aliases.containsKey(path)) {
            throw new IllegalArgumentException(
                    "two parameters have the path '"
                            + path
                            + "': give the child blocks different names");
        }
        if (first == null) {
            byPath.put(path, parameter);
        } else {
            aliases.put(path, first);
        }
    }

    /** Strips the number exactly where the position tells it, as names may start with digits. */
    private static String childName(String key, int position) {
        String number = String.format(Locale.ROOT, "%02d", position);
        if (key.length() > number.length() && key.startsWith(number)) {
            return key.substring(number.length());
        }
        Matcher matcher = NUMBERED.matcher(key);
        return matcher.lookingAt() ? key.substring(matcher.end()) : key;
    }
}

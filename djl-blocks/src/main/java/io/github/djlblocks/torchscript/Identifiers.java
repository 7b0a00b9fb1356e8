package io.github.djlblocks.torchscript;

import java.util.Set;
import java.util.regex.Pattern;

/** Names in TorchScript text. */
final class Identifiers {

    private static final Pattern CLASS = Pattern.compile("__torch__(\\.[A-Za-z_][A-Za-z0-9_]*)+");
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern ATTRIBUTE = Pattern.compile("[ -~&&[^.\"'\\\\]]+");

    private static final String KEYWORDS =
            "False None True and as assert async await break class continue def del elif else"
                    + " except finally for from global if import in is lambda nonlocal not or pass"
                    + " raise return try while with yield";
    private static final Set<String> RESERVED = Set.of(KEYWORDS.split(" "));

    private Identifiers() {}

    /** Requires the qualified name of a class, as in {@code __torch__.djlblocks.Model}. */
    static String className(String name) {
        if (!CLASS.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "class name '"
                            + name
                            + "' must be __torch__ and identifiers joined with dots, as in"
                            + " __torch__.djlblocks.Model");
        }
        return name;
    }

    /** Requires a name that a module can give to one of its parts. */
    static String attribute(String name) {
        if (!ATTRIBUTE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name '"
                            + name
                            + "' of a part of a module must be ASCII without dots, quotes and"
                            + " backslashes");
        }
        return name;
    }

    /** A part's declaration in the text of its class. */
    static String declaration(String name, String type) {
        return isPlain(name) ? name + " : " + type : "__annotations__[\"" + name + "\"] = " + type;
    }

    /** An expression for a part of a module; works for names such as 0. */
    static String access(String owner, String name) {
        return isPlain(name) ? owner + "." + name : "getattr(" + owner + ", \"" + name + "\")";
    }

    /** Whether a name is a word of the language. */
    static boolean isReserved(String name) {
        return RESERVED.contains(name);
    }

    private static boolean isPlain(String name) {
        return IDENTIFIER.matcher(name).matches() && !isReserved(name);
    }
}

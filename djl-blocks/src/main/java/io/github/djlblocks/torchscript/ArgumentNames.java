package io.github.djlblocks.torchscript;

import java.util.Set;
import java.util.regex.Pattern;

/** Which names arguments and methods of an exported file can have. */
final class ArgumentNames {

    /** The argument that holds caches. */
    static final String PAST = "past";

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** Names of the printed text's own variables. */
    private static final Pattern VARIABLE = Pattern.compile("[bknvtw][0-9]+(_[a-z]+)?|_[0-9]+");

    private static final Set<String> RESERVED =
            Set.of(
                    "self",
                    "torch",
                    "ops",
                    "annotate",
                    "getattr",
                    "int",
                    "float",
                    "bool",
                    "str",
                    "range",
                    "inf",
                    "nan");

    private ArgumentNames() {}

    /** Requires a name that an argument can have. */
    static String require(String name) {
        if (!isName(name) || VARIABLE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of an input: take an identifier of Python that"
                            + " is neither a word of the language nor like v0, as the variables of"
                            + " the file are");
        }
        return name;
    }

    /** Requires a name that a method can have. */
    static String method(String name) {
        if (!isName(name) || name.startsWith("_") || name.equals(CacheState.RESET)) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of a method: take an identifier of Python that"
                            + " is no word of the language, begins with a letter and is not reset,"
                            + " which empties caches");
        }
        return name;
    }

    private static boolean isName(String name) {
        return NAME.matcher(name).matches()
                && !RESERVED.contains(name)
                && !Identifiers.isReserved(name);
    }
}

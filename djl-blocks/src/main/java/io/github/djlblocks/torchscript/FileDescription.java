package io.github.djlblocks.torchscript;

import java.util.regex.Pattern;

/** What a file says about itself, as an extra file. */
final class FileDescription {

    /** Its name. */
    static final String NAME = "djl_blocks.json";

    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

    private FileDescription() {}

    /** Requires a name that an extra file can have. */
    static void requireName(String name) {
        if (!FILE.matcher(name).matches() || name.equals(NAME)) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of an extra file: take letters, digits, dots,"
                            + " underscores and hyphens, not first a dot, and not "
                            + NAME
                            + ", which every file has");
        }
    }
}

package io.github.djlblocks.hybrid;

import java.util.List;

/** What the engine says went wrong, without where in its own code. */
final class EngineErrors {

    private EngineErrors() {}

    /** The line that says why: of a TorchScript trace the last, of a loader the first. */
    static String reason(Throwable failure) {
        List<String> lines =
                String.valueOf(failure.getMessage())
                        .lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .toList();
        if (lines.isEmpty()) {
            return failure.toString();
        }
        boolean isTrace = lines.get(0).startsWith("The following operation failed");
        return isTrace ? lines.get(lines.size() - 1) : lines.get(0);
    }
}

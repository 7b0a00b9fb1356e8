package io.github.djlblocks.samples.bench;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Results as a table for a terminal. */
public final class BenchText {

    private BenchText() {}

    /**
     * Writes one table for each workload, mode and engine.
     *
     * @param results what was measured
     * @return the text
     */
    public static String of(List<Result> results) {
        StringBuilder text = new StringBuilder();
        String last = "";
        for (Result result : results) {
            String title = title(result);
            if (!title.equals(last)) {
                text.append(String.format("%n%s%n%n", title));
                row(
                        text,
                        "contender",
                        "format",
                        "tokens/s",
                        "ms/step",
                        "spread",
                        "/products",
                        "/script",
                        "/portable",
                        "/djl",
                        "MB",
                        "difference");
                last = title;
            }
            row(
                    text,
                    result.contender().label(),
                    result.format().label(),
                    number("%.1f", result.tokensPerSecond()),
                    number("%.2f", 1e3 * result.medianSeconds()),
                    number("%.0f%%", 100 * result.spread()),
                    ratio(result, ContenderKind.PRODUCTS),
                    ratio(result, ContenderKind.SCRIPT),
                    ratio(result, ContenderKind.PORTABLE),
                    ratio(result, ContenderKind.DJL),
                    growth(result.residentGrowth()),
                    number("%.1e", result.difference()));
        }
        return text.toString();
    }

    static String title(Result result) {
        Workload workload = result.workload();
        Mode mode = result.mode();
        String what =
                switch (mode) {
                    case PREFILL -> "prefill of " + workload.prompt() + " tokens";
                    case DECODE -> "decode after " + workload.context() + " tokens";
                    case ENCODE -> "encode " + workload.batch() + " x " + workload.prompt();
                };
        return workload.label() + ' ' + workload.title() + ", " + what + ", " + result.engine();
    }

    private static void row(StringBuilder text, Object... cells) {
        text.append(
                String.format(
                        Locale.ROOT, "%-9s %-9s %10s %10s %7s %9s %9s %9s %9s %9s %10s%n", cells));
    }

    private static String ratio(Result result, ContenderKind reference) {
        return number("%.2f", result.timeOver().get(reference));
    }

    private static String growth(@Nullable Long bytes) {
        return bytes == null ? "-" : number("%.0f", bytes / 1e6);
    }

    private static String number(String format, @Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, format, value);
    }
}

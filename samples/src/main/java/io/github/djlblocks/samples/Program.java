package io.github.djlblocks.samples;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every program of the samples does with its command line. */
abstract class Program implements Callable<Integer> {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli sets and reads it
    private boolean help;

    @Spec private @Nullable CommandSpec spec;

    /** Where the program prints. */
    final PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    /**
     * Runs a program from its {@code main}: leaves the process only to report a failure.
     *
     * @param program annotated with {@code @Command}
     * @param args its arguments
     */
    static void main(Program program, String... args) {
        // Nothing here needs a network: keep DJL from asking for one.
        System.setProperty("ai.djl.offline", System.getProperty("ai.djl.offline", "true"));
        int code = execute(new CommandLine(program), args);
        if (code != CommandLine.ExitCode.OK) {
            System.exit(code);
        }
    }

    /** Runs a program; a failure is its message on the error stream and exit code 1. */
    static int execute(CommandLine line, String... args) {
        return line.setExecutionExceptionHandler(
                        (e, command, parsed) -> {
                            String message = e.getMessage() == null ? e.toString() : e.getMessage();
                            command.getErr().println(command.getColorScheme().errorText(message));
                            return CommandLine.ExitCode.SOFTWARE;
                        })
                .execute(args);
    }
}

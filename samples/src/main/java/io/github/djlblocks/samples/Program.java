package io.github.djlblocks.samples;

import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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

    /** Says what failed on the error stream, for a program that goes on. */
    final void fail(Exception e) {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        line.getErr().println(line.getColorScheme().errorText(message(e)));
    }

    /** What went wrong; the system says of some files no more than their names. */
    private static String message(Exception e) {
        if (e.getMessage() == null) {
            return e.toString();
        }
        if (e instanceof NoSuchFileException) {
            return e.getMessage() + " does not exist";
        }
        if (e instanceof AccessDeniedException) {
            return e.getMessage() + " may not be read or written: permission denied";
        }
        return e instanceof FileAlreadyExistsException
                ? e.getMessage() + " exists already"
                : e.getMessage();
    }

    static void requireAtLeastOne(String option, int number) {
        if (number < 1) {
            throw new IllegalArgumentException(
                    option + " is " + number + ": give a number of at least 1");
        }
    }

    /**
     * Says before the work begins that its result cannot be written.
     *
     * @param option names the path in messages
     * @param path of a file, or of a directory, which may not be there yet
     */
    static void requireWritable(String option, Path path) {
        Path there = path.toAbsolutePath();
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        boolean isItself = there.equals(path.toAbsolutePath());
        if (!Files.isWritable(there) || !(isItself || Files.isDirectory(there))) {
            throw new IllegalArgumentException(
                    "%s %s cannot be written, for %s is no directory that may be written to: name another"
                            .formatted(option, path, there));
        }
    }

    /** Nothing here needs a network: keeps DJL from asking for one. */
    static void offline() {
        System.setProperty("ai.djl.offline", System.getProperty("ai.djl.offline", "true"));
    }

    /** Leaves the process only to report a failure. */
    static void exit(int code) {
        if (code != CommandLine.ExitCode.OK) {
            System.exit(code);
        }
    }

    /**
     * Runs a program from its {@code main}: leaves the process only to report a failure.
     *
     * @param program annotated with {@code @Command}
     * @param args its arguments
     */
    static void main(Program program, String... args) {
        offline();
        exit(execute(new CommandLine(program), args));
    }

    /** Runs a program; a failure is its message on the error stream and exit code 1. */
    static int execute(CommandLine line, String... args) {
        return line.setExecutionExceptionHandler(
                        (e, command, parsed) -> {
                            command.getErr()
                                    .println(command.getColorScheme().errorText(message(e)));
                            return CommandLine.ExitCode.SOFTWARE;
                        })
                .execute(args);
    }
}

package io.github.djlblocks.samples;

import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The programs of the samples as one: {@code generate}, {@code chat}, {@code embed}, {@code
 * inspect}, {@code export}, {@code finetune}, {@code finetune-hybrid}, {@code bench}.
 */
@Command(
        name = "djl-blocks",
        description = {
            "Models of Hugging Face directories on DJL's engines.",
            "Without a command: generate."
        })
public final class Cli extends Program {

    private static final String DEFAULT = "generate";
    private static final Set<String> HELP = Set.of("-h", "--help");

    private Cli() {}

    /**
     * Runs a command.
     *
     * @param args the command and its options, see {@code --help}
     */
    public static void main(String[] args) {
        offline();
        Reader in = new InputStreamReader(System.in, Charset.defaultCharset());
        exit(execute(line(in), withCommand(args)));
    }

    /**
     * Runs a command and returns.
     *
     * @param in what the command reads
     * @param out where it prints
     * @param err where messages about failures go
     * @param args the command and its options
     * @return the exit code: 0, 1 if it failed, 2 for wrong options
     */
    static int run(Reader in, PrintWriter out, PrintWriter err, String... args) {
        return execute(line(in).setOut(out).setErr(err), withCommand(args));
    }

    private static CommandLine line(Reader in) {
        return new CommandLine(new Cli())
                .addSubcommand(new Generate())
                .addSubcommand(new Chat(in))
                .addSubcommand(new Embed())
                .addSubcommand(new Inspect())
                .addSubcommand(new Export())
                .addSubcommand(new FineTuneStories())
                .addSubcommand(new FineTuneHybrid())
                .addSubcommand(new Bench());
    }

    /** Options without a command are those of {@code generate}. */
    private static String[] withCommand(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        if (all.isEmpty() || (all.get(0).startsWith("-") && !HELP.contains(all.get(0)))) {
            all.add(0, DEFAULT);
        }
        return all.toArray(String[]::new);
    }

    @Override
    public Integer call() {
        throw new IllegalStateException("a command was expected: " + DEFAULT);
    }
}

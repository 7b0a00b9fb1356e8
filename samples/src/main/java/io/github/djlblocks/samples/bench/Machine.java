package io.github.djlblocks.samples.bench;

import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Where numbers were taken.
 *
 * @param processor its name, as far as the system tells
 * @param cores what Java counts
 * @param java version of Java
 * @param load processes that ran on average in the last minute, below 0 if unknown; well above 0 is
 *     a busy machine, and times taken on it say little
 * @param engines those that ran
 */
public record Machine(
        String processor, int cores, String java, double load, List<EngineFacts> engines) {

    /**
     * An engine.
     *
     * @param name its name
     * @param version its version
     * @param threads threads in one operation, or "default" where the engine does not tell
     */
    public record EngineFacts(String name, String version, String threads) {

        @Override
        public String toString() {
            return name + ' ' + version + ", threads: " + threads;
        }
    }

    /**
     * Reads what there is.
     *
     * @param engines names of engines
     * @return the facts
     */
    public static Machine read(List<String> engines) {
        return new Machine(
                processorName(),
                Runtime.getRuntime().availableProcessors(),
                Runtime.version().toString(),
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                engines.stream().map(Machine::facts).toList());
    }

    private static EngineFacts facts(String name) {
        EngineUnderTest engine = EngineUnderTest.onCpu(name);
        OptionalInt threads = engine.threads();
        return new EngineFacts(
                name,
                engine.engine().getVersion(),
                threads.isPresent() ? Integer.toString(threads.getAsInt()) : "default");
    }

    private static String processorName() {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "%s, %d cores, load %.1f, Java %s", processor, cores, load, java);
    }
}

package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class EngineThreadsTest {

    /** In a JVM of its own, because what counts is which engine is loaded first. */
    static final class InNewJvm {

        private InNewJvm() {}

        public static void main(String[] arguments) {
            if (arguments[0].equals("discover")) {
                EnginesUnderTest.discover();
            }
            if (arguments[0].equals("Rust between")) {
                compute("Rust");
                EnginesUnderTest.discover();
                compute("MXNet");
                compute("Rust");
            }
            System.out.println("threads=" + EngineUnderTest.onCpu("PyTorch").threads().getAsInt());
        }

        private static void compute(String engine) {
            try (NDManager manager = EngineUnderTest.onCpu(engine).newManager()) {
                NDArray x = manager.ones(new Shape(64, 64));
                HostValues.of(x.matMul(x));
            }
        }
    }

    @Test
    void threads_otherEnginesLoadedAndUsed_areThoseOfPyTorchAlone() throws Exception {
        String alone = threadsInNewJvm("alone");

        assertThat(threadsInNewJvm("discover")).isEqualTo(alone);
        assertThat(threadsInNewJvm("Rust between")).isEqualTo(alone);
    }

    private static String threadsInNewJvm(String argument)
            throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder =
                new ProcessBuilder(
                                java,
                                "-Dai.djl.offline=true",
                                "-cp",
                                System.getProperty("java.class.path"),
                                InNewJvm.class.getName(),
                                argument)
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().remove("OMP_NUM_THREADS");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().filter(l -> l.startsWith("threads=")).findFirst().orElseThrow();
    }

    @Test
    void threads_pyTorch_areReadFromTheEngine() {
        OptionalInt threads = EngineUnderTest.onCpu("PyTorch").threads();

        assertThat(threads).isPresent();
        assertThat(threads.getAsInt()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }

    @Test
    void ofEnvironment_severalGiven_firstNumberWins() {
        assertThat(EngineThreads.ofEnvironment(null, "7")).hasValue(7);
        assertThat(EngineThreads.ofEnvironment("3", "7")).hasValue(3);
        assertThat(EngineThreads.ofEnvironment("", "many")).isEmpty();
        assertThat(EngineUnderTest.onCpu("Abacus").threads()).isEmpty();
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OracleIndependenceTest {

    /** The oracle proves nothing if it shares code with what it judges. */
    @Test
    void sources_imports_areTheJdkAndJspecifyOnly() throws IOException {
        Path sources = Path.of("src/main/java/io/github/djlblocks/parity/oracle");
        List<Path> files;
        try (Stream<Path> listed = Files.list(sources)) {
            files = listed.toList();
        }
        assertThat(files).hasSizeGreaterThan(10);
        for (Path file : files) {
            String code = Files.readString(file);
            assertThat(code).as("%s", file).doesNotContain("ai.djl", "io.github.djlblocks.kernel");
            assertThat(code.lines().filter(line -> line.startsWith("import ")))
                    .as("%s", file)
                    .allMatch(
                            line ->
                                    line.startsWith("import java.util.")
                                            || line.startsWith("import org.jspecify."));
        }
    }
}

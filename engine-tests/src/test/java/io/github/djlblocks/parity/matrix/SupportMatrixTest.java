package io.github.djlblocks.parity.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What docs/support-matrix.md says is what is measured. */
class SupportMatrixTest {

    private static final Path DOCUMENT = Path.of("..", "docs", "support-matrix.md");

    private static final String COMMAND =
            "mvn -B -q -pl djl-blocks,engine-tests -am test -Dtest=SupportMatrixTest"
                    + " -Dsurefire.failIfNoSpecifiedTests=false -Ddjlblocks.writeMatrix=true";

    private static final String HEADER =
            """
            # Support matrix

            Which block runs on which engine in which data type: output (forward) and gradients, compared with the
            float64 oracle. A number is the largest part of its tolerance that any variant of the block used, 1 would be all of it; the
            tolerances are derived, see `Tolerance` and the reasons in the cases. What is unsupported says why. Everything was measured
            on a CPU by a test that fails when this page is out of date, apart from the numbers, which differ between machines.
            Written by

            ```sh
            %s
            ```
            """
                    .formatted(COMMAND);

    private static SupportMatrix matrix;

    @BeforeAll
    static void measure() throws IOException {
        matrix = SupportMatrix.of(SharedMeasurements.OF_DJL_BLOCKS, KnownLimitations.all());
        Files.writeString(Path.of("target", "support-matrix.csv"), matrix.toCsv());
        if (Boolean.getBoolean("djlblocks.writeMatrix")) {
            StringBuilder text = new StringBuilder(HEADER);
            engines().forEach(engine -> text.append('\n').append(matrix.toMarkdown(engine)));
            Path draft = Files.writeString(Path.of("target", "support-matrix.md"), text);
            Files.move(draft, DOCUMENT, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static List<EngineUnderTest> engines() {
        return matrix.engines().stream().filter(e -> e.device().equals(Device.cpu())).toList();
    }

    @Test
    void problems_ofThisLibrary_areNone() {
        assertThat(matrix.problems()).isEmpty();
    }

    @Test
    void cells_ofThisLibrary_areAllThere() {
        long blocks =
                SharedMeasurements.OF_DJL_BLOCKS.cases().stream()
                        .map(parityCase -> parityCase.blockName())
                        .distinct()
                        .count();

        assertThat((long) matrix.cells().size())
                .isEqualTo(blocks * matrix.engines().size() * Quantity.values().length);
        assertThat(engines())
                .extracting(EngineUnderTest::engineName)
                .containsAll(Set.of("PyTorch", "Rust"));
    }

    @Test
    void document_everyEngineOfThisPlatform_saysWhatIsMeasured() throws IOException {
        String document = SupportMatrix.withoutMargins(Files.readString(DOCUMENT));

        assertThat(document).startsWith(HEADER);
        for (EngineUnderTest engine : engines()) {
            assertThat(document)
                    .as("docs/support-matrix.md is out of date, write it anew: %s", COMMAND)
                    .contains(SupportMatrix.withoutMargins(matrix.toMarkdown(engine)));
        }
    }
}

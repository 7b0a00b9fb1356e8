package io.github.djlblocks.parity.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.contract.BlockClasses;
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

            Which block runs on which engine in which data type: one table an engine, one row a public block. `forward` is the output
            of a pass for inference, `gradient` those of all floating inputs and parameters, both compared with formulas computed in
            float64 apart from this library.

            * A number: the block runs in all its variants (options, sizes, masks). It is the largest part of its tolerance
              that one of them used; 1 would be all of it. How tolerances are derived is said in `Tolerance` and in the cases.
            * `unsupported`: the reason. `some variants unsupported`: the number is that of the others.
            * `nothing to differentiate`: the block has neither a parameter nor a floating input.

            Everything was measured on a CPU, with the versions of the engines that this build names, by a test that fails when this
            page is out of date, apart from the numbers, which differ between machines. BFLOAT16 is not in the tables: DJL's PyTorch
            engine cannot hold it. Written by

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
    void rows_ofThisLibrary_areItsPublicBlocks() {
        assertThat(matrix.cells().stream().map(SupportMatrix.Cell::block).distinct())
                .containsExactlyInAnyOrderElementsOf(
                        BlockClasses.of(KernelBlock.class).stream()
                                .filter(KernelBlock.class::isAssignableFrom)
                                .map(Class::getSimpleName)
                                .toList());
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

package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What one engine saves the others load, and compute the same with it. */
final class PersistenceChecks {

    private static final String NAME = "contract";

    private PersistenceChecks() {}

    static void persistence(Subject subject) throws IOException, MalformedModelException {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            try (CaseRun original = subject.inference(type)) {
                byte[] saved = save(original.block());
                for (EngineUnderTest engine : subject.engines()) {
                    // Its own parameters give way to those loaded.
                    try (CaseRun other = CaseRun.forInference(subject.parityCase(), engine, type)) {
                        Block loaded = other.block();
                        loaded.clear();
                        load(loaded, other.manager(), saved);
                        assertSame(subject.parityCase(), original, other, type, engine);
                    }
                }
            }
        }
        modelFiles(subject);
    }

    private static void modelFiles(Subject subject) throws IOException, MalformedModelException {
        Path directory = Files.createTempDirectory(NAME);
        try (CaseRun original = subject.inference(DataType.FLOAT32)) {
            try (Model model = model(subject.engine())) {
                model.setBlock(original.block());
                model.save(directory, NAME);
            }
            for (EngineUnderTest engine : subject.engines()) {
                try (CaseRun other =
                                CaseRun.forInference(
                                        subject.parityCase(), engine, DataType.FLOAT32);
                        Model model = model(engine)) {
                    other.block().clear();
                    model.setBlock(other.block());
                    model.load(directory, NAME);
                    assertSame(subject.parityCase(), original, other, DataType.FLOAT32, engine);
                }
            }
        } finally {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(directory);
        }
    }

    private static Model model(EngineUnderTest engine) {
        return Model.newInstance(NAME, engine.device(), engine.engineName());
    }

    private static void assertSame(
            ParityCase parityCase,
            CaseRun expected,
            CaseRun actual,
            DataType type,
            EngineUnderTest engine) {
        Map<String, Parameter> wanted = ParameterPaths.of(expected.block());
        Map<String, Parameter> loaded = ParameterPaths.of(actual.block());
        assertThat(List.copyOf(loaded.keySet())).isEqualTo(List.copyOf(wanted.keySet()));
        Iterator<Parameter> originals = wanted.values().iterator();
        loaded.forEach(
                (path, parameter) ->
                        assertThat(parameter.getArray())
                                .as("parameter %s loaded on %s", path, engine)
                                .isExactly(originals.next().getArray()));
        // Each of the two may be off by the tolerance.
        Tolerance own = parityCase.tolerance(type);
        Tolerance both = Tolerance.of(type, own.reductionLength(), 2 * own.constant());
        assertThat(actual.forward(false))
                .as("output after loading on %s", engine)
                .isCloseTo(expected.forward(false), both);
    }

    static void wrongFiles(Subject subject) throws IOException, MalformedModelException {
        try (CaseRun right = subject.inference(DataType.FLOAT32)) {
            byte[] good = save(right.block());
            byte[] cut = Arrays.copyOf(good, good.length - 3);
            assertRefused(subject, good, cut, null);
            Shape built = ParameterPaths.of(right.block()).values().iterator().next().getShape();
            assertRefused(subject, good, withMoreRows(subject), built);
        }
    }

    /** What a block with a larger first parameter would save. */
    private static byte[] withMoreRows(Subject subject) throws IOException {
        ParityCase parityCase = subject.parityCase();
        try (NDManager manager = subject.engine().newManager()) {
            Block larger = parityCase.newBlock();
            larger.freezeParameters(true);
            larger.initialize(manager, DataType.FLOAT32, parityCase.inputShapes());
            Parameter first = ParameterPaths.of(larger).values().iterator().next();
            Shape shape = larger(first.getShape());
            first.close();
            first.setShape(shape);
            first.initialize(manager, DataType.FLOAT32);
            return save(larger);
        }
    }

    private static Shape larger(Shape shape) {
        long[] extents = shape.getShape().clone();
        extents[0]++;
        return new Shape(extents);
    }

    private static void assertRefused(
            Subject subject, byte[] good, byte[] bad, @Nullable Shape built)
            throws IOException, MalformedModelException {
        try (NDManager manager = subject.engine().newManager()) {
            Block block = subject.parityCase().newBlock();
            Throwable refusal = catchThrowable(() -> load(block, manager, bad));
            if (built == null) {
                assertThat(refusal).as("loading a file that ends early").isNotNull();
            } else {
                assertThat(refusal)
                        .as("loading a parameter of another shape")
                        .isInstanceOf(MalformedModelException.class)
                        .hasMessageContaining(built.toString())
                        .hasMessageContaining(larger(built).toString());
            }
            assertThat(block.isInitialized()).as("isInitialized after that").isFalse();
            load(block, manager, good);
            assertThat(block.isInitialized()).as("isInitialized after a good file").isTrue();
            assertThat(manager.getManagedArrays())
                    .as("open arrays after a bad file and a good one")
                    .hasSize(ParameterPaths.of(block).size());
        }
    }

    private static byte[] save(Block block) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void load(Block block, NDManager manager, byte[] saved)
            throws IOException, MalformedModelException {
        block.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(saved)));
    }
}

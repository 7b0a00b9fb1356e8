package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.provider.Arguments;

/**
 * One operator case of the ONNX project: inputs, attributes and outputs of a node.
 *
 * <p>The data is ONNX's own and not part of this repository. The folder is that of the system
 * property {@value #FOLDER}, or the nearest {@code shared/goldens/onnx} above the working
 * directory; tests name {@link #present} as their condition.
 */
final class OnnxCase implements AutoCloseable {

    private static final String FOLDER = "djlblocks.onnx";
    private static final String EXTENSION = ".safetensors";

    private final String name;
    private final Golden golden;
    private final JsonObject attributes;
    private final List<String> inputs;
    private final List<String> outputs;

    private OnnxCase(String name, Golden golden) {
        this.name = name;
        this.golden = golden;
        attributes = JsonParser.parseString(metadata("attributes")).getAsJsonObject();
        inputs = strings(metadata("node_inputs"));
        outputs = strings(metadata("node_outputs"));
    }

    /** Whether the cases are on this machine: the condition of the tests that use them. */
    static boolean present() {
        return folder() != null;
    }

    /** Arguments {@code (case, engine)} for every case whose name has a prefix. */
    static Stream<Arguments> onEveryEngine(String... prefixes) {
        List<EngineUnderTest> engines = EnginesUnderTest.discover();
        return Stream.of(prefixes)
                .flatMap(OnnxCase::names)
                .flatMap(name -> engines.stream().map(engine -> Arguments.of(name, engine)));
    }

    /** The names of the cases that start with a prefix; at least one. */
    static Stream<String> names(String prefix) {
        try (Stream<Path> files = Files.list(Objects.requireNonNull(folder(), FOLDER))) {
            List<String> names =
                    files.map(file -> file.getFileName().toString())
                            .filter(file -> file.startsWith(prefix) && file.endsWith(EXTENSION))
                            .map(file -> file.substring(0, file.length() - EXTENSION.length()))
                            .sorted()
                            .toList();
            assertThat(names).as("ONNX cases named %s*", prefix).isNotEmpty();
            return names.stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static OnnxCase open(String name) throws IOException, MalformedModelException {
        Path file = Objects.requireNonNull(folder(), FOLDER).resolve(name + EXTENSION);
        return new OnnxCase(name, Golden.open(file));
    }

    String operator() {
        return metadata("op_type");
    }

    double number(String attribute, double absent) {
        JsonElement value = attributes.get(attribute);
        return value == null ? absent : value.getAsDouble();
    }

    int integer(String attribute, int absent) {
        JsonElement value = attributes.get(attribute);
        return value == null ? absent : value.getAsInt();
    }

    String text(String attribute, String absent) {
        JsonElement value = attributes.get(attribute);
        return value == null ? absent : value.getAsString();
    }

    boolean hasAttribute(String attribute) {
        return attributes.has(attribute);
    }

    /** Whether the node has an input at a position. */
    boolean hasInput(int position) {
        return position < inputs.size() && !inputs.get(position).isEmpty();
    }

    /** Whether the node has an output at a position. */
    boolean hasOutput(int position) {
        return position < outputs.size() && !outputs.get(position).isEmpty();
    }

    /** The input at a position in its own type, BFLOAT16 as FLOAT32; or null. */
    @Nullable NDArray optionalInput(int position, NDManager manager) {
        return hasInput(position) ? input(position, manager) : null;
    }

    /** The input at a position in its own type, BFLOAT16 as FLOAT32. */
    NDArray input(int position, NDManager manager) {
        String tensor = "input." + inputs.get(position);
        return golden.array(tensor, manager, type(tensor));
    }

    Shape inputShape(int position) {
        return golden.shape("input." + inputs.get(position));
    }

    double[] inputValues(int position) {
        return golden.values("input." + inputs.get(position));
    }

    Shape outputShape(int position) {
        return golden.shape("output." + outputs.get(position));
    }

    double[] outputValues(int position) {
        return golden.values("output." + outputs.get(position));
    }

    /** The type the output at a position is stored in, BFLOAT16 as FLOAT32. */
    DataType outputType(int position) {
        return type("output." + outputs.get(position));
    }

    boolean isBfloat16(int position) {
        return golden.source().info("input." + inputs.get(position)).type() == StoredType.BF16;
    }

    /** Compares the output at a position: every element, shape and dtype. */
    void assertOutput(int position, NDArray actual, Tolerance tolerance) {
        golden.assertClose("output." + outputs.get(position), actual, tolerance);
    }

    @Override
    public void close() {
        golden.close();
    }

    @Override
    public String toString() {
        return name;
    }

    private DataType type(String tensor) {
        StoredType stored = golden.source().info(tensor).type();
        return switch (stored) {
            case F64 -> DataType.FLOAT64;
            case F32, BF16 -> DataType.FLOAT32;
            case F16 -> DataType.FLOAT16;
            case I64 -> DataType.INT64;
            case I32 -> DataType.INT32;
            case BOOL -> DataType.BOOLEAN;
            case I16, I8, U8 -> throw new IllegalStateException(tensor + " is " + stored);
        };
    }

    private String metadata(String key) {
        return Objects.requireNonNull(golden.metadata().get(key), key);
    }

    private static List<String> strings(String json) {
        JsonArray array = JsonParser.parseString(json).getAsJsonArray();
        return array.asList().stream().map(JsonElement::getAsString).toList();
    }

    private static @Nullable Path folder() {
        String given = System.getProperty(FOLDER);
        if (given != null) {
            return Path.of(given);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path folder = at.resolve("shared").resolve("goldens").resolve("onnx");
            if (Files.isDirectory(folder)) {
                return folder;
            }
        }
        return null;
    }
}

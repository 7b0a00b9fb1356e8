package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A file of reference outputs. */
final class Golden implements AutoCloseable {

    private static final String FLOAT64_RUN = ".f64";

    private final TensorSource source;

    private Golden(TensorSource source) {
        this.source = source;
    }

    /** Finds a file or folder of the resources, such as {@code hf/llama}. */
    static Path path(String name) {
        URL url = Golden.class.getResource("/goldens/" + name);
        if (url == null) {
            throw new IllegalArgumentException("there is no test resource goldens/" + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(url + " is not a file", e);
        }
    }

    /** Opens a file of the resources, such as {@code hf/llama/golden.safetensors}. */
    static Golden open(String name) throws IOException, MalformedModelException {
        return open(path(name));
    }

    static Golden open(Path file) throws IOException, MalformedModelException {
        return new Golden(Checkpoints.open(file));
    }

    TensorSource source() {
        return source;
    }

    Map<String, String> metadata() {
        return source.metadata();
    }

    boolean has(String name) {
        return source.names().contains(name);
    }

    /** What follows the prefix in the names that have it; float64 runs left out. */
    Set<String> namesAfter(String prefix) {
        return source.names().stream()
                .filter(name -> name.startsWith(prefix) && !name.endsWith(FLOAT64_RUN))
                .map(name -> name.substring(prefix.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    Shape shape(String name) {
        return source.info(name).shape();
    }

    /** The best the reference can say: its float64 run where there is one. */
    double[] values(String name) {
        return source.readDoubles(has(name + FLOAT64_RUN) ? name + FLOAT64_RUN : name);
    }

    NDArray array(String name, NDManager manager, DataType dataType) {
        return source.read(name, manager, dataType);
    }

    /** Reads token ids or a mask, (B, S). */
    long[][] rows(String name) {
        int width = Math.toIntExact(shape(name).get(1));
        double[] values = source.readDoubles(name);
        long[][] rows = new long[values.length / width][width];
        for (int i = 0; i < values.length; i++) {
            rows[i / width][i % width] = (long) values[i];
        }
        return rows;
    }

    /** Compares every element; shapes and dtype too. */
    void assertClose(String name, NDArray actual, Tolerance tolerance) {
        assertThat(actual.getShape()).as(name).isEqualTo(shape(name));
        assertThat(actual.getDataType()).as(name).isEqualTo(tolerance.resultType());
        assertClose(name, HostValues.of(actual), tolerance);
    }

    /** Compares every element. */
    void assertClose(String name, double[] actual, Tolerance tolerance) {
        Margin margin = Margin.of(values(name), actual, shape(name), tolerance);
        assertThat(margin).as(name).matches(Margin::isWithin, "every element is close");
    }

    /** Compares an array (B, S, ...) where a mask (B, S) is not 0. */
    void assertCloseWhere(long[][] mask, String name, NDArray actual, Tolerance tolerance) {
        Shape shape = actual.getShape();
        assertThat(shape).as(name).isEqualTo(shape(name));
        assertThat(actual.getDataType()).as(name).isEqualTo(tolerance.resultType());
        assertCloseWhere(mask, name, values(name), HostValues.of(actual), shape, tolerance);
    }

    /** Compares attention weights (B, H, S, T) of the queries where a mask (B, S) is not 0. */
    void assertWeightsCloseWhere(long[][] mask, String name, NDArray actual, Tolerance tolerance) {
        Shape shape = actual.getShape();
        assertThat(shape).as(name).isEqualTo(shape(name));
        assertThat(actual.getDataType()).as(name).isEqualTo(tolerance.resultType());
        double[] expected = swapMiddle(values(name), shape);
        double[] found = swapMiddle(HostValues.of(actual), shape);
        Shape queriesFirst = new Shape(shape.get(0), shape.get(2), shape.get(1) * shape.get(3));
        assertCloseWhere(mask, name, expected, found, queriesFirst, tolerance);
    }

    private static void assertCloseWhere(
            long[][] mask,
            String name,
            double[] expected,
            double[] found,
            Shape shape,
            Tolerance tolerance) {
        int width = Math.toIntExact(shape.size() / (shape.get(0) * shape.get(1)));
        int kept = 0;
        int token = 0;
        for (long[] row : mask) {
            for (long looks : row) {
                if (looks != 0) {
                    System.arraycopy(expected, token * width, expected, kept * width, width);
                    System.arraycopy(found, token * width, found, kept * width, width);
                    kept++;
                }
                token++;
            }
        }
        Margin margin =
                Margin.of(
                        Arrays.copyOf(expected, kept * width),
                        Arrays.copyOf(found, kept * width),
                        new Shape(kept, width),
                        tolerance);
        assertThat(margin).as(name).matches(Margin::isWithin, "every element is close");
    }

    /**
     * The parameters of a block under the names of the tensors they hold, found by their values: so
     * this does not depend on the weight map that loaded them.
     */
    Map<String, NDArray> parametersByTensor(Block block) {
        Map<String, NDArray> found = new LinkedHashMap<>();
        Gradients.parameters(block)
                .forEach(
                        (path, array) -> {
                            double[] held = HostValues.of(array);
                            List<String> names = new ArrayList<>();
                            for (String name : source.names()) {
                                double[] stored = source.readDoubles(name);
                                boolean same =
                                        shape(name).equals(array.getShape())
                                                && Arrays.equals(held, stored);
                                if (same || Arrays.equals(held, turned(stored, array))) {
                                    names.add(name);
                                }
                            }
                            assertThat(names).as("tensors equal to %s", path).hasSize(1);
                            found.put(names.get(0), array);
                        });
        return found;
    }

    /** The values of a tensor (in, out) as those of an array (out, in), or none. */
    private static double[] turned(double[] stored, NDArray array) {
        Shape shape = array.getShape();
        if (shape.dimension() != 2 || shape.size() != stored.length) {
            return new double[0];
        }
        int out = Math.toIntExact(shape.get(0));
        int in = Math.toIntExact(shape.get(1));
        double[] turned = new double[stored.length];
        for (int i = 0; i < stored.length; i++) {
            turned[i] = stored[i % in * out + i / in];
        }
        return turned;
    }

    /** (A, B, C, D) -> (A, C, B, D), as between heads first and tokens first. */
    static double[] swapMiddle(double[] values, Shape shape) {
        int b = Math.toIntExact(shape.get(1));
        int c = Math.toIntExact(shape.get(2));
        int d = Math.toIntExact(shape.get(3));
        double[] swapped = new double[values.length];
        for (int i = 0; i < values.length / d; i++) {
            int from = (i / (b * c) * b + i % b) * c + i / b % c;
            System.arraycopy(values, from * d, swapped, i * d, d);
        }
        return swapped;
    }

    @Override
    public void close() {
        source.close();
    }
}

package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Arrays in memory as a checkpoint: on whatever engine they are, they are read through Java into
 * another array, by the rules of {@link TensorSource}.
 */
public final class ArrayTensors implements TensorSource {

    private final String name;
    private final Map<String, NDArray> arrays;
    private final @Nullable NDManager owner;
    private final ArrayReader reader = new ArrayReader(ArrayReader.DEFAULT_CHUNK_BYTES);

    /**
     * Creates a checkpoint of arrays.
     *
     * @param name what messages call it
     * @param arrays the arrays by the names of the tensors
     */
    public ArrayTensors(String name, Map<String, NDArray> arrays) {
        this(name, arrays, null);
    }

    /**
     * Creates a checkpoint of arrays that end with it.
     *
     * @param name what messages call it
     * @param arrays the arrays by the names of the tensors
     * @param owner their manager, which is closed with the checkpoint; or none
     */
    public ArrayTensors(String name, Map<String, NDArray> arrays, @Nullable NDManager owner) {
        this.name = name;
        this.owner = owner;
        this.arrays = Collections.unmodifiableMap(new LinkedHashMap<>(arrays));
    }

    /**
     * Creates a checkpoint of the parameters of a block, by their paths as {@code
     * layers.0.attention.query.weight}; one that is shared by several places is there by its first
     * path.
     *
     * @param block a block that is initialised
     * @return its parameters
     * @throws IllegalStateException if a parameter has no values
     */
    public static ArrayTensors of(Block block) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        ParameterPaths.of(block)
                .forEach((path, parameter) -> arrays.put(path, values(path, parameter)));
        return new ArrayTensors(block.getClass().getSimpleName(), arrays);
    }

    private static NDArray values(String path, Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new IllegalStateException(
                    "parameter '" + path + "' has no values: initialise or load the block first");
        }
        return parameter.getArray();
    }

    @Override
    public Set<String> names() {
        return arrays.keySet();
    }

    @Override
    public TensorInfo info(String tensor) {
        NDArray array = array(tensor);
        StoredType type = ElementSource.storedType(array.getDataType());
        return new TensorInfo(
                tensor, type, array.getShape(), array.getShape().size() * type.byteSize());
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public NDArray read(String tensor, NDManager manager, DataType dataType) {
        TensorInfo info = info(tensor);
        Conversions.check(info, dataType);
        return reader.read(info, bytes(tensor), manager, dataType);
    }

    @Override
    public double[] readDoubles(String tensor) {
        return reader.readDoubles(info(tensor), bytes(tensor));
    }

    @Override
    public void readFloats(String tensor, long start, float[] values) {
        TensorInfo info = info(tensor);
        Conversions.check(info, DataType.FLOAT32);
        info.requireRange(tensor, start, values.length);
        int width = info.type().byteSize();
        ByteBuffer piece =
                bytes(tensor).slice(start * width, Math.multiplyExact(values.length, width));
        Conversions.toFloats(info.type(), piece, values, 0, values.length);
    }

    private ArrayReader.Bytes bytes(String tensor) {
        ByteBuffer whole = array(tensor).toByteBuffer();
        return (offset, length) ->
                whole.slice(Math.toIntExact(offset), length).order(ByteOrder.nativeOrder());
    }

    private NDArray array(String tensor) {
        NDArray array = arrays.get(tensor);
        if (array == null) {
            throw new IllegalArgumentException(
                    name
                            + " has no tensor '"
                            + tensor
                            + "' among its "
                            + arrays.size()
                            + ": names() lists them");
        }
        return array;
    }

    /** Closes the arrays, if they are its own. */
    @Override
    public void close() {
        if (owner != null) {
            owner.close();
        }
    }

    @Override
    public String toString() {
        return name + " (" + arrays.size() + " tensors)";
    }
}

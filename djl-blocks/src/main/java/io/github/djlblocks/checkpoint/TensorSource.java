package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.Map;
import java.util.Set;

/**
 * Named tensors that can be read one at a time.
 *
 * <p>Types are converted in Java, element by element, so a 16-bit type an engine cannot take never
 * reaches it. What can be asked for:
 *
 * <table>
 * <caption>Conversions</caption>
 * <tr><th>stored</th><th>readable as</th></tr>
 * <tr><td>F64, F32, F16, BF16</td><td>FLOAT64, FLOAT32, FLOAT16</td></tr>
 * <tr><td>I64</td><td>INT64</td></tr>
 * <tr><td>I32</td><td>INT32, INT64, FLOAT64</td></tr>
 * <tr><td>I16</td><td>INT32, INT64, FLOAT32, FLOAT64</td></tr>
 * <tr><td>I8</td><td>INT8, INT32, INT64, FLOAT16, FLOAT32, FLOAT64</td></tr>
 * <tr><td>U8</td><td>UINT8, INT32, INT64, FLOAT16, FLOAT32, FLOAT64</td></tr>
 * <tr><td>BOOL</td><td>BOOLEAN, and all that U8 or I8 can be read as</td></tr>
 * </table>
 *
 * <p>A narrower float is rounded to nearest, ties to even, in one step from the stored value;
 * beyond the largest finite value it becomes infinite, as IEEE 754 says. Integers are converted
 * only where every value stays exact.
 *
 * <p>Implementations in this package may be used by several threads; reads take turns.
 */
public interface TensorSource extends AutoCloseable {

    /**
     * Returns the names of all tensors.
     *
     * @return an unmodifiable set, in an order that depends only on the checkpoint
     */
    Set<String> names();

    /**
     * Returns what is known of a tensor without reading it.
     *
     * @param name the tensor's name
     * @return its type, shape and size
     * @throws IllegalArgumentException if there is no such tensor
     */
    TensorInfo info(String name);

    /**
     * Returns the checkpoint's own notes, such as {@code format=pt}.
     *
     * @return an unmodifiable map, empty if there are none
     */
    Map<String, String> metadata();

    /**
     * Reads a tensor into memory that the engine owns; nothing keeps pointing into the file.
     *
     * @param name the tensor's name
     * @param manager the manager of the new array
     * @param dataType the type to read it as
     * @return a new array of the stored shape
     * @throws IllegalArgumentException if there is no such tensor, or the stored type cannot be
     *     read as {@code dataType}
     * @throws IllegalStateException if this source is closed, or the file has become shorter
     */
    NDArray read(String name, NDManager manager, DataType dataType);

    /**
     * Reads a tensor as doubles, each the exact stored value.
     *
     * @param name the tensor's name
     * @return the values, last axis fastest
     * @throws IllegalArgumentException if there is no such tensor, an integer is not a double, or
     *     there are more than 2^31 - 9 values
     * @throws IllegalStateException if this source is closed, or the file has become shorter
     */
    double[] readDoubles(String name);

    /**
     * Reads some values of a tensor as floats. They are read from the file, not through the mapped
     * memory of it: however much is read so, this process holds no more pages. Several threads may
     * do so at once.
     *
     * @param name the tensor's name
     * @param start the first value to read, counted with the last axis fastest
     * @param values receives as many values as it is long
     * @throws IllegalArgumentException if there is no such tensor, the stored type cannot be read
     *     as FLOAT32, or the tensor ends before
     * @throws IllegalStateException if this source is closed, or the file has become shorter
     */
    void readFloats(String name, long start, float[] values);

    /** Lets go of the files. Arrays that were read stay valid. */
    @Override
    void close();
}

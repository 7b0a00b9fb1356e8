package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {

    @TempDir private Path directory;

    @BeforeEach
    void writeShards() throws IOException {
        shard("one.safetensors", "1", "a", 1);
        shard("two.safetensors", "2", "b", 2);
    }

    @ParameterizedTest
    @MethodSource("io.github.djlblocks.checkpoint.Engines#required")
    void open_shards_areOneSource(String engine) throws Exception {
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        try (TensorSource source = Checkpoints.open(directory);
                NDManager manager = Engines.manager(engine);
                NDArray b = source.read("b", manager, DataType.FLOAT32)) {
            assertThat(source.names()).containsExactly("a", "b");
            assertThat(source.metadata()).containsOnly(Map.entry("format", "pt"));
            assertThat(source.info("b").type()).isEqualTo(StoredType.F16);
            assertThat(source.readDoubles("a")).containsExactly(1);
            assertThat(b.toFloatArray()).containsExactly(2f);
            assertThatThrownBy(() -> source.info("c"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith(" has no tensor 'c' among its 2: names() lists them");
        }
        try (TensorSource source = Checkpoints.open(directory.resolve(Checkpoints.INDEX_FILE))) {
            assertThat(source.names()).containsExactly("a", "b");
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.djlblocks.checkpoint.Engines#required")
    void read_severalShards_sharesOneConversionBuffer(String engine) throws Exception {
        int elements = 1 << 20;
        for (String name : new String[] {"one", "two"}) {
            new SafetensorsWriter()
                    .add(name, new double[elements], new Shape(elements), StoredType.BF16)
                    .write(directory.resolve(name + ".safetensors"));
        }
        index("{\"one\":\"one.safetensors\",\"two\":\"two.safetensors\"}");
        try (TensorSource source = Checkpoints.open(directory);
                NDManager manager = Engines.manager(engine)) {
            source.read("one", manager, DataType.FLOAT32);
            long one = directMemory();
            source.read("two", manager, DataType.FLOAT32);
            assertThat(directMemory() - one).isLessThan((long) elements * Float.BYTES);
        }
    }

    private static long directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    @Test
    void open_tensorNotInIndex_isNotHidden() throws Exception {
        index("{\"a\":\"one.safetensors\"}");
        shard("one.safetensors", "1", "extra", 3, "a", 1);
        try (TensorSource source = Checkpoints.open(directory)) {
            assertThat(source.names()).containsExactly("a", "extra");
        }
    }

    @Test
    void open_singleFile_winsOverIndex() throws Exception {
        index("{\"a\":\"one.safetensors\"}");
        shard("model.safetensors", "3", "c", 3);
        try (TensorSource source = Checkpoints.open(directory);
                TensorSource file = Checkpoints.open(directory.resolve("one.safetensors"))) {
            assertThat(source.names()).containsExactly("c");
            assertThat(file.names()).containsExactly("a");
        }
    }

    @Test
    void open_missingShard_isNamed() throws Exception {
        index("{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"}");
        assertRejected(
                "shard "
                        + directory.resolve("three.safetensors")
                        + " is missing: fetch it as well");
    }

    @Test
    void open_tensorAbsentFromItsShard_isNamed() throws Exception {
        index("{\"a\":\"one.safetensors\",\"c\":\"two.safetensors\"}");
        assertRejected("tensor 'c' is listed in two.safetensors but is in no shard: index and");
        index("{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"two.safetensors\"}");
        assertRejected("tensor 'b' is listed in one.safetensors but is in " + directory);
    }

    @Test
    void open_tensorInTwoShards_namesBoth() throws Exception {
        shard("two.safetensors", "2", "a", 1, "b", 2);
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        assertRejected("tensor 'a' is in both one.safetensors and two.safetensors: remove");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.safetensors", "sub/../../x.safetensors", "/x.safetensors", "."})
    void open_shardOutsideDirectory_isRejected(String shard) throws Exception {
        Path inner = Files.createDirectory(directory.resolve("inner"));
        shard("x.safetensors", "1", "a", 1);
        Path index = inner.resolve(Checkpoints.INDEX_FILE);
        Files.writeString(index, "{\"weight_map\":{\"a\":\"" + shard + "\"}}");
        assertThatThrownBy(() -> Checkpoints.open(inner))
                .isInstanceOf(MalformedModelException.class)
                .hasMessage(
                        index
                                + ": shard '"
                                + shard
                                + "' lies outside "
                                + inner
                                + ": shards must be in the directory of the index");
    }

    @Test
    void open_badIndex_isRejected() throws Exception {
        Path index = directory.resolve(Checkpoints.INDEX_FILE);
        Files.writeString(index, "{\"metadata\":{\"total_size\":3}}");
        assertRejected("weight_map names no tensor");
        index("{\"a\":\"one.safetensors\",\"a\":\"two.safetensors\"}");
        assertRejected("weight_map has 'a' twice");
        index("{\"a\":3}");
        assertRejected("shard of 'a' is NUMBER where STRING is expected");
        index("{\"a\":\"\\u0000\"}");
        assertRejected("is not a path");
        Files.writeString(index, "{\"weight_map\"");
        assertRejected("the index is not valid JSON");
    }

    @Test
    void open_damagedShard_isNamed() throws Exception {
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        Files.write(directory.resolve("two.safetensors"), new byte[3]);
        assertThatThrownBy(() -> Checkpoints.open(directory))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageStartingWith(directory.resolve("two.safetensors") + ": 3 bytes, but");
    }

    @Test
    void open_neitherFile_listsWhatWasLookedFor() {
        assertThatThrownBy(() -> Checkpoints.open(directory))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessage(
                        directory
                                + " has neither model.safetensors nor model.safetensors.index.json,"
                                + " but [one.safetensors, two.safetensors]: name the file itself,"
                                + " or convert the checkpoint to safetensors");
        assertThatThrownBy(() -> Checkpoints.open(directory.resolve("nowhere")))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("nowhere does not exist: give a safetensors file, or a");
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(
                directory.resolve(Checkpoints.INDEX_FILE),
                "{\"metadata\":{\"total_size\":4},\"weight_map\":" + weightMap + "}");
    }

    private void shard(String file, String part, Object... namesAndValues) throws IOException {
        SafetensorsWriter writer =
                new SafetensorsWriter().addMetadata("format", "pt").addMetadata("part", part);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            double[] value = {(int) namesAndValues[i + 1]};
            writer.add((String) namesAndValues[i], value, new Shape(1), StoredType.F16);
        }
        writer.write(directory.resolve(file));
    }

    private void assertRejected(String message) {
        assertThatThrownBy(() -> Checkpoints.open(directory))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageStartingWith(directory.resolve(Checkpoints.INDEX_FILE) + ": ")
                .hasMessageContaining(message);
    }
}

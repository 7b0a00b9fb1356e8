package io.github.djlblocks.checkpoint;

import static io.github.djlblocks.checkpoint.RawFile.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsHeaderTest {

    @TempDir private Path directory;

    static Stream<Arguments> hostileHeaders() {
        String fine = tensor("a", "F32", "[2]", 0, 8);
        return Stream.of(
                arguments("", "the header is not valid JSON"),
                arguments("{", "the header is not valid JSON"),
                arguments("{} {}", "the header is not valid JSON"),
                arguments("[]", "the header is BEGIN_ARRAY where BEGIN_OBJECT is expected"),
                arguments("{'a':1}", "the header is not valid JSON"),
                arguments("{" + fine + "}x", "the header is not valid JSON"),
                arguments("{" + fine + "," + fine + "}", "the header has 'a' twice"),
                arguments(
                        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\"}}",
                        "tensor 'a' has 'dtype' twice: names must be unique"),
                arguments(
                        "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," + fine + "}",
                        "__metadata__ has 'k' twice"),
                arguments(
                        "{\"__metadata__\":{\"k\":1}," + fine + "}",
                        "__metadata__ entry 'k' is NUMBER where STRING is expected"),
                arguments(
                        "{\"__metadata__\":null," + fine + "}",
                        "__metadata__ is NULL where BEGIN_OBJECT is expected"),
                arguments("{\"a\":7}", "tensor 'a' is NUMBER where BEGIN_OBJECT is expected"),
                arguments(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
                        "tensor 'a' has no data_offsets: all of dtype, shape and data_offsets"),
                arguments(
                        "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}",
                        "tensor 'a' has no dtype"),
                arguments(
                        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
                        "tensor 'a' has no shape"),
                arguments(
                        "{\"a\":{\"dtype\":\"F32\",\"strides\":[1]}}",
                        "tensor 'a' has the unknown field 'strides'"),
                arguments(
                        "{" + tensor("a", "F8_E4M3", "[8]", 0, 8) + "}",
                        "tensor 'a' has dtype F8_E4M3, which is not one of [F64, F32, F16, BF16,"
                                + " I64, I32, I16, I8, U8, BOOL]: convert the checkpoint"),
                arguments(
                        "{" + tensor("a", "F32", "[-2]", 0, 8) + "}",
                        "shape of tensor 'a' contains -2, expected integers from 0 to"),
                arguments(
                        "{" + tensor("a", "F32", "[2.0]", 0, 8) + "}",
                        "shape of tensor 'a' contains 2.0"),
                arguments(
                        "{" + tensor("a", "F32", "[\"2\"]", 0, 8) + "}",
                        "shape of tensor 'a' is STRING where NUMBER is expected"),
                arguments(
                        "{" + tensor("a", "F32", "[9223372036854775808]", 0, 8) + "}",
                        "shape of tensor 'a' contains 9223372036854775808"),
                arguments(
                        "{" + tensor("a", "F32", "[4294967296, 4294967296]", 0, 8) + "}",
                        "tensor 'a' has shape (4294967296, 4294967296) of F32, more than"
                                + " 9223372036854775807 bytes"),
                arguments(
                        "{" + tensor("a", "F32", "[4611686018427387904, 2, 0]", 0, 0) + "}",
                        "tensor 'a' has shape (4611686018427387904, 2, 0) of F32, more than"),
                arguments(
                        "{" + tensor("a", "F16", "[2]", 0, 8) + "}",
                        "tensor 'a' covers 8 bytes, but F16 (2) needs 4"),
                arguments(
                        "{" + tensor("a", "F32", "[2]", 8, 0) + "}",
                        "data_offsets of tensor 'a' begin at 8 behind their end 0"),
                arguments(
                        "{" + tensor("a", "F32", "[3]", 0, 12) + "}",
                        "data_offsets of tensor 'a' end at 12, but the data section has 8 bytes"),
                arguments(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4,8]}}",
                        "data_offsets of tensor 'a' has 3 numbers, expected 2"),
                arguments(
                        "{" + fine + "," + tensor("b", "F32", "[1]", 4, 8) + "}",
                        "tensor 'b' begins at 4, but tensor 'a' ends at 8: they overlap"),
                arguments(
                        "{"
                                + tensor("a", "U8", "[2]", 0, 2)
                                + ","
                                + tensor("b", "U8", "[5]", 3, 8)
                                + "}",
                        "tensor 'b' begins at 3, but tensor 'a' ends at 2: there is a hole"),
                arguments(
                        "{" + tensor("b", "U8", "[5]", 3, 8) + "}",
                        "tensor 'b' begins at 3, but the start of the data ends at 0"),
                arguments(
                        "{" + tensor("a", "U8", "[5]", 0, 5) + "}",
                        "the tensors cover 5 bytes of a data section of 8"),
                arguments("{}", "the tensors cover 0 bytes of a data section of 8"));
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void open_hostileHeader_namesFileValuesAndFix(String header, String message) throws Exception {
        Path file = RawFile.write(directory.resolve("bad.safetensors"), header, new byte[8]);
        assertRejected(file, message);
    }

    @Test
    void open_headerNotUtf8_isRejected() throws Exception {
        byte[] header = "{\"a?\":{}}".getBytes(StandardCharsets.US_ASCII);
        header[3] = (byte) 0xFF;
        Path file = RawFile.write(directory.resolve("bad.safetensors"), header, new byte[8]);
        assertRejected(file, "the header is not UTF-8");
    }

    @Test
    void open_shorterThanLength_isRejected() throws Exception {
        Path file = Files.write(directory.resolve("short.safetensors"), new byte[7]);
        assertRejected(file, "7 bytes, but a safetensors file has at least 8");
        assertRejected(Files.write(file, new byte[0]), "0 bytes, but");
    }

    @Test
    void open_headerLengthBehindEndOfFile_isRejected() throws Exception {
        assertRejected(
                length(50), "header length 50 reaches behind the end of the file (10 bytes)");
    }

    @Test
    void open_headerLengthAboveLimit_isRejected() throws Exception {
        assertRejected(
                length(100_000_001), "header length 100000001 is above the limit of 100000000");
        assertRejected(length(-1), "header length 18446744073709551615 is above the limit");
    }

    @Test
    void open_gitLfsPointer_saysSo() throws Exception {
        Path file = directory.resolve("pointer.safetensors");
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        assertRejected(file, "this is a Git LFS pointer, fetch the file it stands for");
    }

    @Test
    void open_soundFile_listsTensorsInDataOrder() throws Exception {
        String header =
                "{"
                        + tensor("z", "I16", "[1,2]", 4, 8)
                        + ",\"__metadata__\":{\"format\":\"pt\"},"
                        + tensor("nothing", "F64", "[3,0]", 4, 4)
                        + ","
                        + tensor("\\u00e9.weight", "F32", "[]", 0, 4)
                        + "}   ";
        Path file = RawFile.write(directory.resolve("good.safetensors"), header, new byte[8]);
        try (SafetensorsFile source = SafetensorsFile.open(file)) {
            assertThat(source.names()).containsExactly("é.weight", "nothing", "z");
            assertThat(source.metadata()).containsOnly(Map.entry("format", "pt"));
            assertThat(source.info("z"))
                    .isEqualTo(new TensorInfo("z", StoredType.I16, new Shape(1, 2), 4));
            assertThat(source.info("nothing"))
                    .isEqualTo(new TensorInfo("nothing", StoredType.F64, new Shape(3, 0), 0));
            assertThat(source.info("é.weight").shape()).isEqualTo(new Shape());
            assertThatThrownBy(() -> source.info("q"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + " has no tensor 'q' among its 3: names() lists them");
        }
    }

    private Path length(long length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        return Files.write(directory.resolve("length.safetensors"), buffer.putLong(length).array());
    }

    private static void assertRejected(Path file, String message) {
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message);
    }
}

package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file, checked whole: names are unique, types known, sizes agree
 * with shapes, and the tensors cover the data section without gap or overlap.
 *
 * <p>Format: <a href="https://github.com/huggingface/safetensors#format">safetensors</a>. Unlike
 * its reference implementation, duplicate names and unknown fields are errors.
 *
 * @param tensors the tensors in the order of their data
 * @param metadata the entries of {@code __metadata__}
 */
record SafetensorsHeader(Map<String, Entry> tensors, Map<String, String> metadata) {

    static final String METADATA = "__metadata__";
    static final long MAX_LENGTH = 100_000_000;

    /** A tensor and where it starts, counted from the start of the data section. */
    record Entry(TensorInfo info, long begin) {}

    private record Range(long begin, long end) {}

    static SafetensorsHeader parse(String file, byte[] json, long dataLength)
            throws MalformedModelException {
        return new Parser(file, dataLength).parse(json);
    }

    private static final class Parser {

        private final String file;
        private final long dataLength;
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private Map<String, String> metadata = Map.of();

        Parser(String file, long dataLength) {
            this.file = file;
            this.dataLength = dataLength;
        }

        SafetensorsHeader parse(byte[] json) throws MalformedModelException {
            StrictJson reader = new StrictJson(file, "the header", json);
            reader.object(
                    "the header",
                    name -> {
                        if (name.equals(METADATA)) {
                            metadata = metadata(reader);
                        } else {
                            entries.put(name, entry(reader, name));
                        }
                    });
            reader.end();
            List<Entry> sorted = new ArrayList<>(entries.values());
            sorted.sort(
                    Comparator.comparingLong(Entry::begin)
                            .thenComparingLong(entry -> entry.info().byteLength()));
            checkCoverage(sorted);
            Map<String, Entry> ordered = new LinkedHashMap<>();
            sorted.forEach(entry -> ordered.put(entry.info().name(), entry));
            return new SafetensorsHeader(
                    Collections.unmodifiableMap(ordered), Collections.unmodifiableMap(metadata));
        }

        private Map<String, String> metadata(StrictJson reader) throws MalformedModelException {
            Map<String, String> map = new TreeMap<>();
            reader.object(
                    METADATA,
                    key -> map.put(key, reader.string(METADATA + " entry '" + key + "'")));
            return map;
        }

        private Entry entry(StrictJson reader, String name) throws MalformedModelException {
            String what = "tensor '" + name + "'";
            Fields fields = new Fields();
            reader.object(
                    what,
                    field -> {
                        switch (field) {
                            case "dtype" -> fields.type = type(reader, what);
                            case "shape" -> fields.shape = shape(reader, what);
                            case "data_offsets" -> fields.range = range(reader, what);
                            default ->
                                    throw reader.fault(
                                            what
                                                    + " has the unknown field '"
                                                    + field
                                                    + "': expected dtype, shape and data_offsets");
                        }
                    });
            StoredType type = fields.type;
            long[] shape = fields.shape;
            Range range = fields.range;
            if (type == null || shape == null || range == null) {
                throw reader.fault(
                        what
                                + " has no "
                                + (type == null
                                        ? "dtype"
                                        : shape == null ? "shape" : "data_offsets")
                                + ": all of dtype, shape and data_offsets are needed; save the file"
                                + " again");
            }
            long expected = byteLength(reader, what, type, shape);
            long actual = range.end() - range.begin();
            if (actual != expected) {
                throw reader.fault(
                        what
                                + " covers "
                                + actual
                                + " bytes, but "
                                + type
                                + " "
                                + new Shape(shape)
                                + " needs "
                                + expected
                                + ": dtype, shape or data_offsets is wrong; save the file again");
            }
            return new Entry(new TensorInfo(name, type, new Shape(shape), expected), range.begin());
        }

        private StoredType type(StrictJson reader, String what) throws MalformedModelException {
            String name = reader.string("dtype of " + what);
            StoredType type = StoredType.named(name);
            if (type == null) {
                throw reader.fault(
                        what
                                + " has dtype "
                                + name
                                + ", which is not one of "
                                + List.of(StoredType.values())
                                + ": convert the checkpoint to one of them");
            }
            return type;
        }

        private long[] shape(StrictJson reader, String what) throws MalformedModelException {
            return reader.longs("shape of " + what).stream().mapToLong(Long::longValue).toArray();
        }

        private Range range(StrictJson reader, String what) throws MalformedModelException {
            List<Long> offsets = reader.longs("data_offsets of " + what);
            if (offsets.size() != 2) {
                throw reader.fault(
                        "data_offsets of "
                                + what
                                + " has "
                                + offsets.size()
                                + " numbers, expected 2: [begin, end]");
            }
            long begin = offsets.get(0);
            long end = offsets.get(1);
            if (begin > end) {
                throw reader.fault(
                        "data_offsets of "
                                + what
                                + " begin at "
                                + begin
                                + " behind their end "
                                + end
                                + ": save the file again");
            }
            if (end > dataLength) {
                throw reader.fault(
                        "data_offsets of "
                                + what
                                + " end at "
                                + end
                                + ", but the data section has "
                                + dataLength
                                + " bytes: the file is cut short or damaged; fetch it again");
            }
            return new Range(begin, end);
        }

        private static long byteLength(
                StrictJson reader, String what, StoredType type, long[] shape)
                throws MalformedModelException {
            long size = type.byteSize();
            try {
                for (long dimension : shape) {
                    size = Math.multiplyExact(size, dimension);
                }
            } catch (ArithmeticException e) {
                throw reader.fault(
                        what
                                + " has shape "
                                + new Shape(shape)
                                + " of "
                                + type
                                + ", more than "
                                + Long.MAX_VALUE
                                + " bytes: the shape is wrong; save the file again");
            }
            return size;
        }

        private void checkCoverage(List<Entry> sorted) throws MalformedModelException {
            long covered = 0;
            String previous = "the start of the data";
            for (Entry entry : sorted) {
                String what = "tensor '" + entry.info().name() + "'";
                if (entry.begin() != covered) {
                    throw new MalformedModelException(
                            file
                                    + ": "
                                    + what
                                    + " begins at "
                                    + entry.begin()
                                    + ", but "
                                    + previous
                                    + " ends at "
                                    + covered
                                    + (entry.begin() < covered
                                            ? ": they overlap"
                                            : ": there is a hole between them")
                                    + "; save the file again");
                }
                covered += entry.info().byteLength();
                previous = what;
            }
            if (covered != dataLength) {
                throw new MalformedModelException(
                        file
                                + ": the tensors cover "
                                + covered
                                + " bytes of a data section of "
                                + dataLength
                                + ": bytes at the end belong to no tensor; save the file again");
            }
        }
    }

    private static final class Fields {
        @Nullable StoredType type;
        long @Nullable [] shape;
        @Nullable Range range;
    }
}

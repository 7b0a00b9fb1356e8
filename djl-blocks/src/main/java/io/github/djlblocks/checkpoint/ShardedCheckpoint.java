package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A checkpoint in several safetensors files, held together by an index.
 *
 * <p>The index is a JSON object whose {@code weight_map} names the file of each tensor, relative to
 * the index. Tensors that a shard holds beyond the index are not hidden. Of the shards' metadata,
 * the entries on which no two shards disagree are kept.
 */
final class ShardedCheckpoint implements TensorSource {

    private final Path index;
    private final Map<String, SafetensorsFile> shards;
    private final Map<String, SafetensorsFile> tensors;
    private final Map<String, String> metadata;

    private ShardedCheckpoint(Path index, Map<String, SafetensorsFile> shards)
            throws MalformedModelException {
        this.index = index;
        this.shards = shards;
        this.tensors = Collections.unmodifiableMap(join(index, shards));
        this.metadata = Collections.unmodifiableMap(agreed(shards));
    }

    static ShardedCheckpoint open(Path index) throws IOException, MalformedModelException {
        Map<String, String> weightMap = readIndex(index);
        Map<String, SafetensorsFile> shards = new TreeMap<>();
        ArrayReader arrays = new ArrayReader(ArrayReader.DEFAULT_CHUNK_BYTES);
        boolean opened = false;
        try {
            for (String shard : weightMap.values()) {
                if (!shards.containsKey(shard)) {
                    shards.put(shard, SafetensorsFile.open(locate(index, shard), arrays));
                }
            }
            ShardedCheckpoint checkpoint = new ShardedCheckpoint(index, shards);
            checkpoint.checkListed(weightMap);
            opened = true;
            return checkpoint;
        } finally {
            if (!opened) {
                shards.values().forEach(SafetensorsFile::close);
            }
        }
    }

    private static Map<String, String> readIndex(Path index)
            throws IOException, MalformedModelException {
        if (Files.size(index) > SafetensorsHeader.MAX_LENGTH) {
            throw new MalformedModelException(
                    index
                            + ": "
                            + Files.size(index)
                            + " bytes is above the limit of "
                            + SafetensorsHeader.MAX_LENGTH
                            + ": not an index");
        }
        StrictJson json = new StrictJson(index.toString(), "the index", Files.readAllBytes(index));
        Map<String, String> weightMap = new TreeMap<>();
        json.object(
                "the index",
                field -> {
                    if (field.equals("weight_map")) {
                        json.object(
                                field,
                                tensor ->
                                        weightMap.put(
                                                tensor, json.string("shard of '" + tensor + "'")));
                    } else {
                        json.skip();
                    }
                });
        json.end();
        if (weightMap.isEmpty()) {
            throw json.fault("weight_map names no tensor: expected {\"weight_map\": {name: file}}");
        }
        return weightMap;
    }

    private static Path locate(Path index, String shard) throws MalformedModelException {
        Path directory = index.toAbsolutePath().normalize().getParent();
        Path file;
        try {
            file = directory == null ? Path.of(shard) : directory.resolve(shard).normalize();
        } catch (InvalidPathException e) {
            throw new MalformedModelException(
                    index + ": shard '" + shard + "' is not a path: " + e.getReason(), e);
        }
        if (directory == null || !file.startsWith(directory) || file.equals(directory)) {
            throw new MalformedModelException(
                    index
                            + ": shard '"
                            + shard
                            + "' lies outside "
                            + directory
                            + ": shards must be in the directory of the index");
        }
        if (!Files.isRegularFile(file)) {
            throw new MalformedModelException(
                    index + ": shard " + file + " is missing: fetch it as well");
        }
        return file;
    }

    private static Map<String, SafetensorsFile> join(
            Path index, Map<String, SafetensorsFile> shards) throws MalformedModelException {
        Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
        Map<String, String> homes = new LinkedHashMap<>();
        for (Map.Entry<String, SafetensorsFile> shard : shards.entrySet()) {
            for (String tensor : shard.getValue().names()) {
                String other = homes.putIfAbsent(tensor, shard.getKey());
                if (other != null) {
                    throw new MalformedModelException(
                            index
                                    + ": tensor '"
                                    + tensor
                                    + "' is in both "
                                    + other
                                    + " and "
                                    + shard.getKey()
                                    + ": remove the shard that does not belong here");
                }
                tensors.put(tensor, shard.getValue());
            }
        }
        return tensors;
    }

    private void checkListed(Map<String, String> weightMap) throws MalformedModelException {
        for (Map.Entry<String, String> listed : weightMap.entrySet()) {
            SafetensorsFile home = tensors.get(listed.getKey());
            if (home != shards.get(listed.getValue())) {
                throw new MalformedModelException(
                        index
                                + ": tensor '"
                                + listed.getKey()
                                + "' is listed in "
                                + listed.getValue()
                                + " but "
                                + (home == null ? "is in no shard" : "is in " + home)
                                + ": index and shards are of different checkpoints; fetch both"
                                + " again");
            }
        }
    }

    private static Map<String, String> agreed(Map<String, SafetensorsFile> shards) {
        Map<String, String> agreed = new TreeMap<>();
        Set<String> disputed = new HashSet<>();
        for (SafetensorsFile shard : shards.values()) {
            shard.metadata()
                    .forEach(
                            (key, value) -> {
                                String other = agreed.putIfAbsent(key, value);
                                if (other != null && !other.equals(value)) {
                                    disputed.add(key);
                                }
                            });
        }
        agreed.keySet().removeAll(disputed);
        return agreed;
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return shard(name).info(name);
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public NDArray read(String name, NDManager manager, DataType dataType) {
        return shard(name).read(name, manager, dataType);
    }

    @Override
    public double[] readDoubles(String name) {
        return shard(name).readDoubles(name);
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        shard(name).readFloats(name, start, values);
    }

    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }

    private SafetensorsFile shard(String name) {
        SafetensorsFile shard = tensors.get(name);
        if (shard == null) {
            throw new IllegalArgumentException(
                    index
                            + " has no tensor '"
                            + name
                            + "' among its "
                            + tensors.size()
                            + ": names() lists them");
        }
        return shard;
    }

    @Override
    public String toString() {
        return index + " (" + tensors.size() + " tensors in " + shards.size() + " files)";
    }
}

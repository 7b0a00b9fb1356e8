package io.github.djlblocks.family;

import io.github.djlblocks.checkpoint.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The names that parameters have in the checkpoints of a family, both ways. Patterns are those of
 * {@link WeightMap}; of several that match, the first counts.
 */
final class TensorNames {

    private record Pair(String tensor, String path) {}

    private final List<Pair> pairs;
    private final List<String> ignored;
    private final Map<String, String> ties;
    private final WeightMap tensors;
    private final WeightMap turned;

    private TensorNames(Builder builder) {
        pairs = List.copyOf(builder.pairs);
        ignored = List.copyOf(builder.ignored);
        ties = new LinkedHashMap<>(builder.ties);
        WeightMap.Builder inverse = WeightMap.builder();
        pairs.forEach(pair -> inverse.rename(pair.path(), pair.tensor()));
        tensors = inverse.build();
        WeightMap.Builder ofTurned = WeightMap.builder();
        builder.turned.forEach(ofTurned::ignore);
        turned = ofTurned.build();
    }

    static Builder builder() {
        return new Builder();
    }

    /** From tensors to parameters. */
    WeightMap.Builder weightMap() {
        WeightMap.Builder map = WeightMap.builder();
        ignored.forEach(map::ignore);
        pairs.forEach(pair -> map.rename(pair.tensor(), pair.path()));
        ties.forEach(map::tie);
        return map;
    }

    /** The tensor of a parameter, as it is saved. */
    Optional<String> tensor(String path) {
        return tensors.parameterPath(path);
    }

    /** Whether a tensor is stored as (in, out), as those of a Conv1D are. */
    boolean isTurned(String tensor) {
        return turned.ignores(tensor);
    }

    /** Collects the names. */
    static final class Builder {

        private final List<Pair> pairs = new ArrayList<>();
        private final List<String> ignored = new ArrayList<>();
        private final List<String> turned = new ArrayList<>();
        private final Map<String, String> ties = new LinkedHashMap<>();

        private Builder() {}

        /** Says where a tensor belongs, and what a parameter is saved as. */
        Builder add(String tensor, String path) {
            pairs.add(new Pair(tensor, path));
            return this;
        }

        /** Leaves tensors out that are no part of the model. */
        Builder ignore(String tensor) {
            ignored.add(tensor);
            return this;
        }

        /** Fills a parameter from another tensor if a checkpoint has none of its own for it. */
        Builder tie(String path, String tensor) {
            ties.put(path, tensor);
            return this;
        }

        /** Says that tensors are stored as (in, out). */
        Builder turn(String tensor) {
            turned.add(tensor);
            return this;
        }

        TensorNames build() {
            return new TensorNames(this);
        }
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.checkpoint.AdaptedTensors;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.TransposedTensors;
import io.github.djlblocks.checkpoint.WeightMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
    private final Set<String> rows;
    private final Map<String, List<String>> substitutes;

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
        rows = Set.copyOf(builder.rows);
        substitutes = Map.copyOf(builder.substitutes);
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

    /** Whether a tensor is stored as (1, N) where its parameter is (N). */
    boolean isRow(String tensor) {
        return rows.contains(tensor);
    }

    /** A checkpoint, its tensors lying and named as those of the blocks. */
    TensorSource view(TensorSource source) {
        Map<String, String> renamed = new HashMap<>();
        substitutes.forEach(
                (tensor, others) -> {
                    String path = weightMap().build().parameterPath(tensor).orElseThrow();
                    if (source.names().stream().noneMatch(name -> holds(name, path))) {
                        others.stream()
                                .filter(source.names()::contains)
                                .findFirst()
                                .ifPresent(other -> renamed.put(tensor, other));
                    }
                });
        TensorSource view = new TransposedTensors(source, this::isTurned);
        return renamed.isEmpty() && rows.isEmpty()
                ? view
                : new AdaptedTensors(view, renamed, this::isRow);
    }

    private boolean holds(String name, String path) {
        return weightMap().build().parameterPath(name).filter(path::equals).isPresent();
    }

    /** Collects the names. */
    static final class Builder {

        private final List<Pair> pairs = new ArrayList<>();
        private final List<String> ignored = new ArrayList<>();
        private final List<String> turned = new ArrayList<>();
        private final Map<String, String> ties = new LinkedHashMap<>();
        private final Set<String> rows = new HashSet<>();
        private final Map<String, List<String>> substitutes = new HashMap<>();

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

        /** Says that a tensor is stored as (1, N) where its parameter is (N). */
        Builder row(String tensor) {
            rows.add(tensor);
            return this;
        }

        /** Says which tensors hold the same values, for checkpoints that have only one of them. */
        Builder substitute(String tensor, List<String> others) {
            substitutes.put(tensor, List.copyOf(others));
            return this;
        }

        TensorNames build() {
            return new TensorNames(this);
        }
    }
}

package io.github.djlblocks.hybrid;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.TensorInfo;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.WeightMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Brings tensors and the state of a module together, and writes them into it: all, or none. */
final class StateLoad {

    private final List<StateEntry> state;
    private final TensorSource source;
    private final WeightMap map;
    private final Map<String, String> assigned = new LinkedHashMap<>();
    private final Map<String, String> tied = new LinkedHashMap<>();
    private final List<String> ignored = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private final Map<String, String> unexpected = new LinkedHashMap<>();
    private final List<LoadReport.ShapeMismatch> mismatched = new ArrayList<>();
    private final List<String> rejected = new ArrayList<>();

    StateLoad(List<StateEntry> state, TensorSource source, WeightMap map, Predicate<String> kept) {
        this.state = state;
        this.source = source;
        this.map = map;
        Map<String, String> firsts = new HashMap<>();
        state.forEach(
                entry ->
                        firsts.put(
                                entry.path(),
                                entry.sameAs() == null ? entry.path() : entry.sameAs()));
        source.names().forEach(tensor -> place(tensor, firsts));
        map.ties()
                .forEach(
                        (path, tensor) -> {
                            String first = firsts.get(path);
                            if (first != null
                                    && source.names().contains(tensor)
                                    && assigned.putIfAbsent(first, tensor) == null) {
                                tied.put(first, tensor);
                                unexpected.remove(tensor);
                                ignored.remove(tensor);
                            }
                        });
        state.stream().filter(entry -> entry.sameAs() == null).forEach(e -> check(e, kept));
    }

    private void place(String tensor, Map<String, String> firsts) {
        if (map.ignores(tensor)) {
            ignored.add(tensor);
            return;
        }
        String path = map.parameterPath(tensor).orElse(null);
        String first = path == null ? null : firsts.get(path);
        if (path == null) {
            unexpected.put(tensor, "no pattern renames or ignores it");
        } else if (first == null) {
            unexpected.put(tensor, "belongs to " + path + ", which the module does not have");
        } else {
            String other = assigned.putIfAbsent(first, tensor);
            if (other != null) {
                rejected.add(
                        first
                                + " would be filled by both '"
                                + other
                                + "' and '"
                                + tensor
                                + "': ignore one of them");
            }
        }
    }

    private void check(StateEntry entry, Predicate<String> kept) {
        String tensor = assigned.get(entry.path());
        if (tensor == null) {
            if (!kept.test(entry.path())) {
                missing.add(entry.path());
            }
            return;
        }
        TensorInfo info = source.info(tensor);
        if (!info.shape().equals(entry.shape())) {
            Shape expected = entry.shape();
            mismatched.add(
                    new LoadReport.ShapeMismatch(entry.path(), expected, tensor, info.shape()));
        }
        DataType type = entry.dataType();
        if (type == null) {
            rejected.add(entry.describe() + " cannot be written: DJL's engine holds no such type");
        } else if (type.isFloating() != info.type().isFloating()) {
            rejected.add(
                    "tensor '"
                            + tensor
                            + "' is "
                            + info.type()
                            + ", but "
                            + entry.path()
                            + " is "
                            + entry.type());
        }
    }

    /** What goes where. */
    LoadReport report() {
        Map<String, String> loaded = new LinkedHashMap<>();
        for (StateEntry entry : state) {
            String tensor = assigned.get(entry.path());
            if (tensor != null) {
                loaded.put(entry.path(), tensor);
            }
        }
        return new LoadReport(loaded, tied, ignored, missing, unexpected, mismatched, rejected);
    }

    /** Writes: everything is read before the first number changes. */
    LoadReport into(SharedModule module) throws MalformedModelException {
        LoadReport report = report();
        if (report.hasFaults()) {
            throw new MalformedModelException(
                    source
                            + " does not fit "
                            + module
                            + ": correct the weight map, or name what the module keeps\n"
                            + report);
        }
        module.write(
                manager -> {
                    Map<String, NDArray> read = new HashMap<>();
                    for (StateEntry entry : state) {
                        String tensor = report.loaded().get(entry.path());
                        DataType type = entry.dataType();
                        if (tensor != null && type != null) {
                            read.put(entry.path(), source.read(tensor, manager, type));
                        }
                    }
                    return read;
                });
        return report;
    }

    /** Reads the tensors that change, into arrays of a manager. */
    interface Reading {
        Map<String, NDArray> read(NDManager manager);
    }

    /** The tensors of a module, with some replaced by others. */
    static NDList replaced(List<StateEntry> state, List<NDArray> own, Map<String, NDArray> others) {
        NDList all = new NDList();
        for (int i = 0; i < own.size(); i++) {
            StateEntry entry = state.get(i);
            String first = entry.sameAs() == null ? entry.path() : entry.sameAs();
            NDArray other = others.get(first);
            all.add(other == null ? own.get(i) : other);
        }
        return all;
    }
}

package io.github.djlblocks.samples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the matrices of a workload are multiplied with.
 *
 * @param arrays one for each shape
 * @param which for each matrix the index of its array
 */
record ProductInputs(List<NDArray> arrays, List<Integer> which) {

    /** All tokens of a step; of a prompt only the last meets the head. */
    static ProductInputs of(Bed bed, NDManager manager, Mode mode) {
        List<Bed.Matrix> matrices = bed.matrices();
        Map<Shape, Integer> places = new LinkedHashMap<>();
        List<NDArray> arrays = new ArrayList<>();
        List<Integer> which = new ArrayList<>();
        for (int i = 0; i < matrices.size(); i++) {
            boolean head = !bed.workload().encoder() && i == matrices.size() - 1;
            int tokens = head ? 1 : bed.workload().tokens(mode);
            Shape shape = new Shape(tokens, matrices.get(i).weight().getShape().get(1));
            Integer place = places.putIfAbsent(shape, arrays.size());
            which.add(place == null ? arrays.size() : place);
            if (place == null) {
                arrays.add(manager.ones(shape));
            }
        }
        return new ProductInputs(arrays, which);
    }

    NDArray of(int matrix) {
        return arrays.get(which.get(matrix));
    }
}

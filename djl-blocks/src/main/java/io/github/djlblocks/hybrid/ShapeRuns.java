package io.github.djlblocks.hybrid;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Shapes and types of outputs, from runs on zeros: on the module's own engine, for inference, in
 * memory of their own, and kept by what was asked.
 *
 * <p>An axis of unknown size, -1, is run with two sizes: what changes in the outputs is unknown
 * there, too. Of types that are not declared those that run first are taken: FLOAT32 before INT64
 * before BOOLEAN, the last input first.
 */
final class ShapeRuns {

    private static final int MOST_KEPT = 1000;
    private static final int MOST_GUESSED = 4;
    private static final List<DataType> GUESSES =
            List.of(DataType.FLOAT32, DataType.INT64, DataType.BOOLEAN);

    private final SharedModule module;
    private final String code;
    private final List<InputSpec> inputs;
    private final Map<List<Object>, Result> known = new ConcurrentHashMap<>();

    /** What a method gives. */
    record Result(List<String> names, List<Shape> shapes, List<DataType> types) {}

    ShapeRuns(SharedModule module, String code, List<InputSpec> inputs) {
        this.module = module;
        this.code = code;
        this.inputs = inputs;
    }

    /**
     * Finds the outputs for inputs of some shapes.
     *
     * @param types the types of the inputs, or null: those declared or guessed
     * @throws IllegalArgumentException if the module does not run on them
     */
    Result of(Shape[] shapes, DataType @Nullable [] types) {
        List<Object> key = new ArrayList<>(Arrays.asList(shapes));
        if (types != null) {
            key.addAll(Arrays.asList(types));
        }
        Result result = known.get(key);
        if (result == null) {
            result = module.withCall(code, part -> run(part, shapes, types));
            if (known.size() >= MOST_KEPT) {
                known.clear();
            }
            known.put(key, result);
        }
        return result;
    }

    private Result run(ModuleCall part, Shape[] shapes, DataType @Nullable [] types) {
        List<List<DataType>> tries =
                types == null ? combinations(0) : List.of(Arrays.asList(types));
        IllegalArgumentException first = null;
        for (List<DataType> each : tries) {
            try {
                return open(part, shapes, each);
            } catch (EngineException e) {
                if (first == null) {
                    first =
                            new IllegalArgumentException(
                                    "the module does not run on zeros of "
                                            + Arrays.toString(shapes)
                                            + " "
                                            + each
                                            + (tries.size() > 1
                                                    ? ", nor of other types; declare its inputs"
                                                    : "")
                                            + ": "
                                            + EngineErrors.reason(e),
                                    e);
                }
            }
        }
        if (first == null) {
            throw new IllegalStateException("no types to try");
        }
        throw first;
    }

    private List<List<DataType>> combinations(int from) {
        if (from == inputs.size()) {
            return List.of(List.of());
        }
        DataType declared = inputs.get(from).type();
        long open = inputs.stream().filter(input -> input.type() == null).count();
        List<DataType> choices =
                declared != null
                        ? List.of(declared)
                        : open > MOST_GUESSED ? GUESSES.subList(0, 1) : GUESSES;
        List<List<DataType>> all = new ArrayList<>();
        for (DataType choice : choices) {
            for (List<DataType> rest : combinations(from + 1)) {
                List<DataType> whole = new ArrayList<>();
                whole.add(choice);
                whole.addAll(rest);
                all.add(whole);
            }
        }
        return all;
    }

    private static Result open(ModuleCall part, Shape[] shapes, List<DataType> types) {
        boolean isOpen = Arrays.stream(shapes).anyMatch(ShapeRuns::isOpen);
        Result one = single(part, sized(shapes, 2), types);
        if (!isOpen) {
            return one;
        }
        Result other = single(part, sized(shapes, 5), types);
        List<Shape> merged = new ArrayList<>();
        for (int i = 0; i < Math.min(one.shapes().size(), other.shapes().size()); i++) {
            merged.add(merge(one.shapes().get(i), other.shapes().get(i)));
        }
        return new Result(one.names().subList(0, merged.size()), merged, one.types());
    }

    private static boolean isOpen(Shape shape) {
        return Arrays.stream(shape.getShape()).anyMatch(extent -> extent < 0);
    }

    private static Shape merge(Shape one, Shape other) {
        if (one.dimension() != other.dimension()) {
            throw new IllegalArgumentException(
                    "the number of axes of an output depends on sizes that are not known: "
                            + one
                            + " or "
                            + other);
        }
        long[] extents = one.getShape().clone();
        for (int i = 0; i < extents.length; i++) {
            extents[i] = extents[i] == other.get(i) ? extents[i] : -1;
        }
        return new Shape(extents);
    }

    /** Gives unknown axes a size: one for the first axis, another for the second, and so on. */
    private static Shape[] sized(Shape[] shapes, int start) {
        return Arrays.stream(shapes)
                .map(
                        shape -> {
                            long[] extents = shape.getShape().clone();
                            for (int axis = 0; axis < extents.length; axis++) {
                                extents[axis] = extents[axis] < 0 ? start + axis : extents[axis];
                            }
                            return new Shape(extents);
                        })
                .toArray(Shape[]::new);
    }

    private static Result single(ModuleCall part, Shape[] shapes, List<DataType> types) {
        try (NDManager own = part.manager().newSubManager()) {
            NDList zeros = new NDList();
            for (int i = 0; i < shapes.length; i++) {
                zeros.add(own.zeros(shapes[i], types.get(i)));
            }
            NativePart.Outputs outputs = part.infer(zeros, own);
            return new Result(
                    outputs.names(),
                    outputs.arrays().stream().map(NDArray::getShape).toList(),
                    outputs.arrays().stream().map(NDArray::getDataType).toList());
        }
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.internal.NativeScope;
import java.util.function.Function;

/**
 * Frees what a computation made on the way to its result, on every engine.
 *
 * <p>DJL's scopes do, with one exception: on the Rust engine the result of an operation of two
 * arrays is in no scope, and lives as long as the manager of its left operand. There the inputs are
 * handed on as views in a manager of their own, which is closed in the end.
 */
public final class Workspace {

    private Workspace() {}

    /**
     * Runs a computation and closes every array it made except its results.
     *
     * @param inputs the arrays it is given
     * @param body the computation, of these arrays or views of them
     * @return its results, owned by the enclosing scope, if there is one
     */
    public static NDList run(NDList inputs, Function<NDList, NDList> body) {
        if (inputs.isEmpty() || !EngineGaps.escapesScopes(inputs.get(0))) {
            return NativeScope.run(inputs, () -> body.apply(inputs));
        }
        return NativeScope.run(inputs, () -> apart(inputs, body));
    }

    /**
     * Takes a parameter into the computation its input belongs to.
     *
     * @param value the parameter's value
     * @param like the input
     * @return the value itself, or a view of it that dies with the computation
     */
    public static NDArray borrow(NDArray value, NDArray like) {
        return EngineGaps.escapesScopes(like) ? view(value, like.getManager()) : value;
    }

    private static NDList apart(NDList inputs, Function<NDList, NDList> body) {
        NDManager owner = inputs.get(0).getManager();
        try (NDManager own = owner.newSubManager()) {
            NDList views = new NDList(inputs.size());
            inputs.forEach(input -> views.add(view(input, own)));
            NDList results = new NDList();
            for (NDArray result : body.apply(views)) {
                int same = indexOf(views, result);
                if (same < 0) {
                    result.attach(owner);
                }
                results.add(same < 0 ? result : inputs.get(same));
            }
            return results;
        }
    }

    /** A reshape shares the numbers, but only floating types stay what they are. */
    private static NDArray view(NDArray array, NDManager owner) {
        NDArray view =
                array.getDataType().isFloating()
                        ? array.reshape(array.getShape())
                        : array.duplicate();
        view.attach(owner);
        return view;
    }

    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    private static int indexOf(NDList list, NDArray array) {
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) == array) {
                return i;
            }
        }
        return -1;
    }
}

package io.github.djlblocks.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import java.util.function.Supplier;

/**
 * Frees what a computation made on the way to its result.
 *
 * <p>{@link NDScope} closes every array made inside it, so a result has to be taken out of the
 * inner scope and put into the outer one: otherwise the intermediates of an outer block would
 * outlive it.
 */
public final class NativeScope {

    private NativeScope() {}

    /**
     * Runs a computation and closes every array it made except its results.
     *
     * @param inputs the arrays it was given; one that is handed through is left alone
     * @param body the computation
     * @return its results, owned by the enclosing scope, if there is one
     */
    public static NDList run(NDList inputs, Supplier<NDList> body) {
        NDList results;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            results = body.get();
            NDScope.unregister(results);
        }
        for (NDArray result : results) {
            if (!containsSame(inputs, result)) {
                NDScope.register(result);
            }
        }
        return results;
    }

    /**
     * Takes an array out of the running scope, so that it lives until its manager or owner closes
     * it.
     *
     * @param array an array made in the innermost scope, or outside every scope
     * @return the array
     */
    public static NDArray keep(NDArray array) {
        NDScope.unregister(array);
        return array;
    }

    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    private static boolean containsSame(NDList list, NDArray array) {
        for (NDArray candidate : list) {
            if (candidate == array) {
                return true;
            }
        }
        return false;
    }
}

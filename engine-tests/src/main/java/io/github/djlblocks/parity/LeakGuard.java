package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Counts the arrays an action leaves open in a manager and its sub-managers.
 *
 * <p>Arrays live in native memory, invisible to the Java heap: what a forward pass leaves in the
 * model's manager stays until the model is closed. An array that was detached, or attached
 * elsewhere, is not seen; {@link ProcessMemory} is the check for those.
 */
public final class LeakGuard {

    private final NDManager manager;

    private LeakGuard(NDManager manager) {
        this.manager = manager;
    }

    /**
     * Guards a manager and its sub-managers.
     *
     * @param manager the manager to watch
     * @return a guard
     */
    public static LeakGuard of(NDManager manager) {
        return new LeakGuard(manager);
    }

    /**
     * Guards everything an engine has open: all managers and models of the process.
     *
     * <p>Only meaningful while no other thread uses that engine.
     *
     * @param manager any manager of the engine
     * @return a guard of the root of its managers
     */
    public static LeakGuard ofEngine(NDManager manager) {
        NDManager root = manager;
        while (root.getParentManager() != null) {
            root = root.getParentManager();
        }
        return new LeakGuard(root);
    }

    /**
     * Returns the number of arrays open in the manager and its sub-managers.
     *
     * @return the count
     */
    public int openArrays() {
        return manager.getManagedArrays().size();
    }

    /**
     * Runs an action that must leave no array behind.
     *
     * @param action what to run
     * @throws AssertionError naming each array that stayed
     */
    public void check(Runnable action) {
        check(action, 0);
    }

    /**
     * Runs an action that must leave an exact number of arrays behind.
     *
     * @param action what to run
     * @param expectedNew how many new arrays are to stay open, such as 1 for a returned result
     * @throws AssertionError naming each array that stayed, if more or fewer did
     */
    public void check(Runnable action, int expectedNew) {
        Snapshot before = snapshot();
        action.run();
        before.check(expectedNew);
    }

    /** Remembers the arrays that are open now. */
    Snapshot snapshot() {
        return new Snapshot();
    }

    final class Snapshot {

        private final Set<NDArray> known = Collections.newSetFromMap(new IdentityHashMap<>());

        private Snapshot() {
            known.addAll(manager.getManagedArrays());
        }

        void check(int expectedNew) {
            List<NDArray> stayed =
                    manager.getManagedArrays().stream().filter(a -> !known.contains(a)).toList();
            if (stayed.size() != expectedNew) {
                String names =
                        stayed.stream()
                                .map(NDArrayAssert::describe)
                                .sorted()
                                .collect(Collectors.joining(", ", "[", "]"));
                throw new AssertionError(
                        "expected %d new arrays to stay open but %d did: %s. Close them, or compute in a sub-manager that is closed"
                                .formatted(expectedNew, stayed.size(), names));
            }
        }
    }
}

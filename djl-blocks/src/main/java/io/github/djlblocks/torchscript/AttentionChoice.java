package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which of two ways attention over several queries takes on this processor: the engine's own kernel
 * or, in chunks of queries, matrix products around a softmax. Measured on an AMD EPYC, in bfloat16
 * the products take a third of the kernel's time; where the engine's kernel knows the processor's
 * matrix unit, it is the other way round.
 */
final class AttentionChoice {

    /** The system property that pins the choice: {@code kernel} or {@code chunks}. */
    static final String PROPERTY = "djlblocks.attention";

    private static final String KERNEL = "attend";
    private static final String CHUNKS = "attend_in_chunks";
    private static final int ROUNDS = 3;
    private static final Map<List<Object>, String> KNOWN = new ConcurrentHashMap<>();

    private AttentionChoice() {}

    /**
     * Chooses, the first time by a trial.
     *
     * @param types of activations
     * @param causal whether a query sees those before it alone
     * @return the function
     */
    static String function(ScriptTypes types, boolean causal) {
        String pinned = System.getProperty(PROPERTY, "");
        return switch (pinned) {
            case "kernel" -> KERNEL;
            case "chunks" -> CHUNKS;
            case "" -> KNOWN.computeIfAbsent(List.of(types, causal), key -> fastest(types, causal));
            default ->
                    throw new IllegalArgumentException(
                            PROPERTY + " is '" + pinned + "': use kernel or chunks");
        };
    }

    private static String fastest(ScriptTypes types, boolean causal) {
        return seconds(CHUNKS, types, causal) < seconds(KERNEL, types, causal) ? CHUNKS : KERNEL;
    }

    private static double seconds(String function, ScriptTypes types, boolean causal) {
        List<String> methods =
                new ArrayList<>(ScriptLibrary.KERNELS.methods(Set.of(function), Script.CLASS));
        methods.add(
                "def trial(self: "
                        + Script.CLASS
                        + ", x: Tensor) -> Tensor:\n  q = torch.to(x, "
                        + types.single()
                        + ")\n  y = self."
                        + function
                        + "(q, q, q, None, None, "
                        + (causal ? "True" : "False")
                        + ", 0.125)\n  return torch.to(torch.narrow(y, 2, 0, 1), 6)\n");
        try (PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
                ScriptModule module = new ScriptModule(manager, methods)) {
            NDArray x = manager.randomNormal(new Shape(1, 12, 384, 64));
            try (IValue given = IValue.from((PtNDArray) x)) {
                double best = Double.POSITIVE_INFINITY;
                for (int round = 0; round <= ROUNDS; round++) {
                    long start = System.nanoTime();
                    module.call("trial", given).close();
                    double seconds = (System.nanoTime() - start) / 1e9;
                    best = round == 0 ? best : Math.min(best, seconds);
                }
                return best;
            }
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of several ways attention over several queries takes on this processor: the engine's own
 * kernel or, in chunks of queries, matrix products around a softmax, batched or as linear maps head
 * by head. Measured on an AMD EPYC, in bfloat16 batched products take a third of the kernel's time,
 * and in float32 linear maps half of it; where the engine's kernel knows the processor's matrix
 * unit, it is the other way round.
 */
final class AttentionChoice {

    /** The system property that pins the choice: {@code kernel}, {@code chunks}, {@code maps}. */
    static final String PROPERTY = "djlblocks.attention";

    private static final String KERNEL = "attend";
    private static final String CHUNKS = "attend_in_chunks";
    private static final String MAPS = "attend_in_maps";
    private static final int ROUNDS = 7;
    private static final int LENGTH = 512;
    private static final Map<Kind, String> KNOWN = new ConcurrentHashMap<>();
    private static final Logger LOGGER = LoggerFactory.getLogger(AttentionChoice.class);

    /**
     * What is chosen for.
     *
     * @param types of activations
     * @param causal whether a query sees those before it alone
     * @param masked whether scores are masked by an array; maps do not know how
     * @param heads of queries
     * @param keyValueHeads of keys and values: the more queries share them, the larger the maps
     * @param headDim channels of a head
     */
    record Kind(
            ScriptTypes types,
            boolean causal,
            boolean masked,
            long heads,
            long keyValueHeads,
            long headDim) {}

    private AttentionChoice() {}

    /** Chooses the function, the first time by a trial. */
    static String function(Kind kind) {
        String pinned = System.getProperty(PROPERTY, "");
        return switch (pinned) {
            case "kernel" -> KERNEL;
            case "chunks" -> CHUNKS;
            case "maps" -> MAPS;
            case "" -> KNOWN.computeIfAbsent(kind, AttentionChoice::fastest);
            default ->
                    throw new IllegalArgumentException(
                            PROPERTY + " is '" + pinned + "': use kernel, chunks or maps");
        };
    }

    private static String fastest(Kind kind) {
        // Without an order, encoders read many short sequences: their maps are too small to gain.
        boolean mayBeMaps = kind.causal() && !kind.masked();
        try (PtNDManager manager =
                (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray q = manager.randomNormal(new Shape(1, kind.heads(), LENGTH, kind.headDim()));
            NDArray k =
                    manager.randomNormal(
                            new Shape(1, kind.keyValueHeads(), LENGTH, kind.headDim()));
            Map<String, ScriptModule> trials = new LinkedHashMap<>();
            try (IValue given = IValue.listFrom((PtNDArray) q, (PtNDArray) k)) {
                add(KERNEL, kind, given, manager, trials);
                addIfItRuns(CHUNKS, kind, given, manager, trials);
                if (mayBeMaps) {
                    addIfItRuns(MAPS, kind, given, manager, trials);
                }
                String best = fastest(trials, given);
                LOGGER.debug("attention {}: {}", kind, best);
                return best;
            } finally {
                trials.values().forEach(ScriptModule::close);
            }
        }
    }

    /** In turns, so that a moment in which the processor is busy strikes all of them. */
    private static String fastest(Map<String, ScriptModule> trials, IValue x) {
        Map<String, Double> least = new HashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            trials.forEach((name, trial) -> least.merge(name, seconds(trial, x), Math::min));
        }
        return Collections.min(least.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    private static double seconds(ScriptModule trial, IValue x) {
        long start = System.nanoTime();
        trial.call("trial", x).close();
        return (System.nanoTime() - start) / 1e9;
    }

    /** Not every processor has an engine that knows all functions. */
    private static void addIfItRuns(
            String function,
            Kind kind,
            IValue x,
            PtNDManager manager,
            Map<String, ScriptModule> trials) {
        try {
            add(function, kind, x, manager, trials);
        } catch (EngineException e) {
            LOGGER.debug("{} does not run here", function, e);
        }
    }

    /** Adds what has run once. */
    private static void add(
            String function,
            Kind kind,
            IValue x,
            PtNDManager manager,
            Map<String, ScriptModule> trials) {
        ScriptModule trial = new ScriptModule(manager, methods(function, kind));
        try {
            trial.call("trial", x).close();
        } catch (EngineException e) {
            trial.close();
            throw e;
        }
        trials.put(function, trial);
    }

    private static List<String> methods(String function, Kind kind) {
        List<String> methods =
                new ArrayList<>(ScriptLibrary.KERNELS.methods(Set.of(function), Script.CLASS));
        methods.add(
                "def trial(self: "
                        + Script.CLASS
                        + ", x: List[Tensor]) -> Tensor:\n  q = torch.to(x[0], "
                        + kind.types().single()
                        + ")\n  k = torch.to(x[1], "
                        + kind.types().single()
                        + ")\n  y = self."
                        + function
                        + "(q, k, k, None, None, "
                        + (kind.causal() ? "True" : "False")
                        + ", 0.125)\n  return torch.to(torch.narrow(y, 2, 0, 1), 6)\n");
        return methods;
    }
}

package io.github.djlblocks.core;

import ai.djl.nn.Parameter;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * The parameters that are frozen for good: no trainer that DJL makes unfreezes them, if the block
 * it trains is one of this library. DJL's {@code PtModel.newTrainer} unfreezes every parameter of a
 * model that was loaded, and a parameter itself has no place to say that it is not to be.
 */
public final class FrozenParameters {

    private static final Set<Parameter> ALL =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private FrozenParameters() {}

    /**
     * Freezes a parameter for good.
     *
     * @param parameter the parameter
     */
    public static void add(Parameter parameter) {
        ALL.add(parameter);
        parameter.freeze(true);
    }

    /**
     * Lets a parameter be unfrozen again; it stays as it is.
     *
     * @param parameter the parameter
     */
    public static void remove(Parameter parameter) {
        ALL.remove(parameter);
    }

    /**
     * Says whether a parameter is frozen for good.
     *
     * @param parameter the parameter
     * @return whether it is
     */
    public static boolean contains(Parameter parameter) {
        return ALL.contains(parameter);
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;

/** Reads the {@code config.json} of one {@code model_type}. */
@FunctionalInterface
interface Family {

    /**
     * Reads a configuration. It asks for every field that it honours, defaults being those of the
     * reference's configuration class; the others are looked over by the caller.
     *
     * @param json the configuration
     * @return what it describes
     * @throws IllegalArgumentException if it cannot be built; the message names the field
     */
    ModelDescription describe(ConfigReader json);
}

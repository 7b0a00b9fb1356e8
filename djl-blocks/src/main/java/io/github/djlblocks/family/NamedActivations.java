package io.github.djlblocks.family;

import io.github.djlblocks.activation.Activations;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;

/** Activations by the names that configurations have for them. */
final class NamedActivations {

    private NamedActivations() {}

    /**
     * The activation of a name.
     *
     * @param field the field that has the name
     * @throws IllegalArgumentException if it is not known; the message lists those that are
     */
    static ActivationFunction of(ConfigReader json, String field, String name) {
        if (!Activations.names().contains(name)) {
            throw json.unknown(field, name, Activations.names());
        }
        return Activations.byName(name);
    }
}

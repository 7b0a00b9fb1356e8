package io.github.djlblocks.torchscript;

/** What becomes of the key/value caches of a method of an exported file. */
public enum CacheForm {

    /**
     * Arguments and results: the method takes a last argument {@code past}, a list of tensors, keys
     * and values of each slot in turn, and gives such a list after its outputs. An empty list is an
     * empty cache. The method is a function: any number of sequences and threads may use the module
     * at a time.
     */
    ARGUMENTS,

    /**
     * Hidden state of the module, {@code cache} and {@code cache_length}, which all methods of this
     * form share, and which {@code reset()} empties. The module holds one conversation (or one
     * batch of them) then, and is for one thread at a time. The state is no part of the {@code
     * state_dict}, and is saved with the module.
     */
    STATE
}

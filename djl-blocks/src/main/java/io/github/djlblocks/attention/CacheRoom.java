package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.Past;

/**
 * Room in a slot for keys and values that are written by someone else, in place.
 *
 * @param keys (B, K, C, D), C at least what is needed
 * @param values (B, K, C, Dv)
 * @param from the first step that the queries of the coming tokens may see
 * @param at the step the first of the coming tokens is written to, which those that have passed lie
 *     before
 */
public record CacheRoom(NDArray keys, NDArray values, long from, Past at) {}

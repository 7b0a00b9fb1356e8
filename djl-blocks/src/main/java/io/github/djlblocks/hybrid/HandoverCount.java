package io.github.djlblocks.hybrid;

/**
 * What was copied from one engine to another.
 *
 * @param arrays how many arrays, each way counted
 * @param bytes how many bytes they have in all
 */
public record HandoverCount(long arrays, long bytes) {}

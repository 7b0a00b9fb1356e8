package io.github.djlblocks.architecture.wrong.position;

/** At the level of {@code norm}. */
public final class Neighbour {}

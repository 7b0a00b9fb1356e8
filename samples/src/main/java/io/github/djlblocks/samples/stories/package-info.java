/**
 * The text side of the model that ships with the samples: stories from a grammar, a checker that
 * decides whether a story is right, a byte-pair vocabulary and the token sequences to train on.
 */
@NullMarked
package io.github.djlblocks.samples.stories;

import org.jspecify.annotations.NullMarked;

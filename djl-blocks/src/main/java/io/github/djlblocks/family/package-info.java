/**
 * Model families: what a {@code config.json} of Hugging Face describes, as blocks of this library
 * and the names their parameters have in a checkpoint.
 */
@NullMarked
package io.github.djlblocks.family;

import org.jspecify.annotations.NullMarked;

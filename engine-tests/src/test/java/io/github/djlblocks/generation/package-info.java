/** Generation and Hugging Face directories, on every engine. */
@NullMarked
package io.github.djlblocks.generation;

import org.jspecify.annotations.NullMarked;

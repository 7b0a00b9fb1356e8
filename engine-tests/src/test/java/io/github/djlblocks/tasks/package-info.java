/** Tasks of encoders, from text to result, through DJL's criteria. */
@NullMarked
package io.github.djlblocks.tasks;

import org.jspecify.annotations.NullMarked;

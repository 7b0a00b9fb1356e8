/** What models take and refuse on every engine. */
@NullMarked
package io.github.djlblocks.model;

import org.jspecify.annotations.NullMarked;

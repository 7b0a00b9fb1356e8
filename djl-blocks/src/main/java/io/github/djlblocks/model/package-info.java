/** Whole models, put together from blocks by a record of sizes. */
@NullMarked
package io.github.djlblocks.model;

import org.jspecify.annotations.NullMarked;

/** Adapters on every engine, compiled and not, in files and in generation. */
@NullMarked
package io.github.djlblocks.adapter;

import org.jspecify.annotations.NullMarked;

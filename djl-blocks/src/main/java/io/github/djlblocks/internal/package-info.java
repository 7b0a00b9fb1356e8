/** Argument checks, data types and native-memory scopes shared by the library. Not API. */
@NullMarked
package io.github.djlblocks.internal;

import org.jspecify.annotations.NullMarked;

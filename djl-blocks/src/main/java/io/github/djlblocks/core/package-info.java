/**
 * What every block of this library is made of: the base class, the linear map, the token embedding,
 * dropout, the learnt scalar.
 */
@NullMarked
package io.github.djlblocks.core;

import org.jspecify.annotations.NullMarked;

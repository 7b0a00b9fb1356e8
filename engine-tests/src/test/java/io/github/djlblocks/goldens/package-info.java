/**
 * Comparisons with outputs of the original implementations; the resources' README says where they
 * come from.
 */
@NullMarked
package io.github.djlblocks.goldens;

import org.jspecify.annotations.NullMarked;

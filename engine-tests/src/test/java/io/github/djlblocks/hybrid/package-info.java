/** Tests of models of several origins. */
@NullMarked
package io.github.djlblocks.hybrid;

import org.jspecify.annotations.NullMarked;

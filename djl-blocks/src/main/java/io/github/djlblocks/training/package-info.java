/** What training needs besides blocks: losses, and tasks made of plain token sequences. */
@NullMarked
package io.github.djlblocks.training;

import org.jspecify.annotations.NullMarked;

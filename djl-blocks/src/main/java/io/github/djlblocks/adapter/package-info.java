/**
 * Adapters: few parameters that are trained in the place of a model's own (LoRA, DoRA), their files
 * in the layout of PEFT, and freezing by pattern.
 */
@NullMarked
package io.github.djlblocks.adapter;

import org.jspecify.annotations.NullMarked;

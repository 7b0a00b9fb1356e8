/** Hugging Face directories: config.json, tensor names and tokenizer, as a DJL model. */
@NullMarked
package io.github.djlblocks.huggingface;

import org.jspecify.annotations.NullMarked;

/** Encoder-decoders from their directories: configurations, names, formats, text to text. */
@NullMarked
package io.github.djlblocks.seq2seq;

import org.jspecify.annotations.NullMarked;

/** What a config.json means, by families of models. */
@NullMarked
package io.github.djlblocks.families;

import org.jspecify.annotations.NullMarked;

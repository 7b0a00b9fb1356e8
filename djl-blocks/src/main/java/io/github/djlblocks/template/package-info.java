/** Templates in the language of Jinja, as chat templates of models use it. */
@NullMarked
package io.github.djlblocks.template;

import org.jspecify.annotations.NullMarked;

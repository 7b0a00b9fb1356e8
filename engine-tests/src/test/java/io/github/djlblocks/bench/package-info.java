/** JMH benchmarks: compiled with the tests, run on demand. */
@NullMarked
package io.github.djlblocks.bench;

import org.jspecify.annotations.NullMarked;

package io.github.djlblocks.template;

import java.util.Map;

/** What {@code namespace()} makes: attributes that a loop may change for the lines after it. */
record Namespace(Map<String, Object> attributes) {}

package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.jni.CharSpan;

/** Where tokens stand in a text: tokenizers count code points, Java counts chars. */
record TextSpans(String text) {

    int start(Encoding encoding, int token) {
        CharSpan span = encoding.getCharTokenSpans()[token];
        return span == null ? 0 : text.offsetByCodePoints(0, span.getStart());
    }

    int end(Encoding encoding, int token) {
        CharSpan span = encoding.getCharTokenSpans()[token];
        return span == null ? 0 : text.offsetByCodePoints(0, span.getEnd());
    }
}

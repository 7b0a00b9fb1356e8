package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** BART: post-norm, learned positions that start at row 2, a tied head with a bias. */
final class BartGoldenTest extends Seq2SeqGoldens {

    BartGoldenTest() throws IOException, MalformedModelException {
        super("hf/bart");
    }
}

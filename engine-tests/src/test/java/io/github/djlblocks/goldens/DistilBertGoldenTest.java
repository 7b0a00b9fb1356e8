package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.util.List;

/** DistilBERT: BERT without token types. */
final class DistilBertGoldenTest extends EncoderGoldens {

    DistilBertGoldenTest() throws IOException, MalformedModelException {
        super("hf/distilbert", "logits");
    }

    @Override
    List<String> sizes() {
        return List.of("n_heads", "hidden_dim");
    }
}

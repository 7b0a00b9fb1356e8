package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;
import java.io.IOException;

/** OLMo 2: norms of what sublayers give, and of the projections of queries and keys. */
final class Olmo2GoldenTest extends LlamaLikeGoldens {

    Olmo2GoldenTest() throws IOException, MalformedModelException {
        super("olmo2");
    }

    @Override
    Residual residual(Block sublayer) {
        return Residual.output(sublayer, norm(e));
    }

    @Override
    RmsNorm norm(int channels) {
        return RmsNorm.builder()
                .setChannels(channels)
                .optEpsilon(number("rms_norm_eps"))
                .optWeightInUpcast(true)
                .build();
    }

    @Override
    MultiHeadAttentionBuilder attention() {
        return super.attention().optProjectionNorms(norm(h * d), norm(k * d));
    }
}

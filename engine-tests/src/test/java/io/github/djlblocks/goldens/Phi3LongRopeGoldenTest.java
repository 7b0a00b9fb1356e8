package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import io.github.djlblocks.position.RotaryScaling;
import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;

/** Phi-3 with LongRoPE, of sequences within the original length. */
final class Phi3LongRopeGoldenTest extends Phi3LikeGoldens {

    Phi3LongRopeGoldenTest() throws IOException, MalformedModelException {
        super("phi3_longrope_short");
    }

    @Override
    RotaryScaling scaling() {
        int original = integer("original_max_position_embeddings");
        double factor = (double) integer("max_position_embeddings") / original;
        return RotaryScaling.longRope(
                factors("short_factor"),
                factors("long_factor"),
                original,
                RotaryScaling.longRopeAttention(factor, original));
    }

    private List<Double> factors(String field) {
        JsonArray array = object("rope_scaling").getAsJsonArray(field);
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonElement::getAsDouble)
                .toList();
    }
}

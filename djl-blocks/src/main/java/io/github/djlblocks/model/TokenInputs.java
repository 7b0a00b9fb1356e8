package io.github.djlblocks.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of a decoder: tokens or their embeddings, and optionally a mask and positions,
 * together with what has passed.
 */
final class TokenInputs {

    private static final String LAYOUT = "ids (B, S), attention mask (B, T), positions (B, S)";

    private final NDList inputs;
    private final Past past;

    private TokenInputs(NDList inputs, Past past) {
        this.inputs = inputs;
        this.past = past;
    }

    /** Refuses shapes that are wrong whatever has passed. */
    static void checkShapes(String model, Shape[] shapes, int hiddenSize) {
        // positions of several axes are (axes, B, S)
        boolean severalAxes = shapes.length == 3 && shapes[2].dimension() == 3;
        Shape[] plain = severalAxes ? Arrays.copyOf(shapes, 2) : shapes;
        checkShapes(model, LAYOUT, plain, hiddenSize);
    }

    /** Refuses shapes of ids, mask and one more array (B, S). */
    static void checkShapes(String model, String layout, Shape[] shapes, int hiddenSize) {
        if (shapes.length < 1 || shapes.length > 3) {
            throw new IllegalArgumentException(
                    model + " takes 1 to 3 inputs, " + layout + ", got " + shapes.length);
        }
        if (shapes[0].dimension() == 3) {
            Checks.lastAxis(model, shapes[0], "hiddenSize", hiddenSize);
        } else {
            Checks.rank(model, shapes[0], layout, 2);
        }
        for (int i = 1; i < shapes.length; i++) {
            boolean scoresMask = i == 1 && shapes[i].dimension() == 4;
            if (!scoresMask) {
                Checks.rank(model, shapes[i], layout, 2);
            }
        }
    }

    /** Refuses lengths that do not fit together, the cache or the context. */
    static TokenInputs of(NDList inputs, @Nullable KeyValueCache cache, int contextLength) {
        Past past = cache == null ? Past.NONE : cache.past();
        long longest = past.longest();
        Shape tokens = inputs.get(0).getShape().slice(0, 2);
        long length = longest + tokens.get(1);
        requireTokens(tokens);
        if (length > contextLength) {
            throw new IllegalArgumentException(
                    length
                            + " tokens do not fit the context of "
                            + contextLength
                            + " ("
                            + longest
                            + " in the cache, "
                            + tokens.get(1)
                            + " new): shorten the prompt or start a new sequence");
        }
        if (inputs.size() > 1 && inputs.get(1).getShape().dimension() == 2) {
            requireShape("attention mask", inputs.get(1).getShape(), tokens.get(0), length);
        }
        if (inputs.size() > 2) {
            NDArray positions = inputs.get(2);
            // of several axes each has positions of its own, (axes, B, S)
            requireShape(
                    "positions",
                    positions.getShape().slice(positions.getShape().dimension() - 2),
                    tokens.get(0),
                    tokens.get(1));
        }
        return new TokenInputs(inputs, past);
    }

    /** Refuses a batch or a length of 0, which engines do not take alike. */
    static void requireTokens(Shape tokens) {
        if (tokens.size() == 0) {
            throw new IllegalArgumentException(
                    "the input " + tokens + " has no token: give at least one");
        }
    }

    /** A mask of scores as it is, one of padding, which must have the length of the tokens. */
    static NDArray mask(Kernels kernels, NDArray mask, Shape tokens) {
        if (mask.getShape().dimension() == 4) {
            return mask;
        }
        requireShape("attention mask", mask.getShape(), tokens.get(0), tokens.get(1));
        return kernels.paddingMask(mask);
    }

    /** How many tokens have passed. */
    Past past() {
        return past;
    }

    NDArray first() {
        return inputs.get(0);
    }

    /** The positions of the tokens: those given, or those that continue what has passed. */
    NDArray positions() {
        return inputs.size() > 2 ? inputs.get(2) : Kernels.of(first()).positions(first(), 1, past);
    }

    /** Mask, positions and their rotary tables, for every layer. */
    AttentionContext context(DataType dataType, NDArray positions, List<RotaryEmbedding> rotaries) {
        AttentionContext context = AttentionContext.none().withPositions(positions);
        if (inputs.size() > 1) {
            NDArray mask = inputs.get(1);
            boolean ofScores = mask.getShape().dimension() == 4;
            context = context.withMask(ofScores ? mask : Kernels.of(mask).paddingMask(mask));
        }
        for (RotaryEmbedding rotary : rotaries) {
            context = context.withRotaryTable(rotary, rotary.table(positions, dataType));
        }
        return context;
    }

    private static void requireShape(String what, Shape shape, long batch, long length) {
        boolean batchFits = shape.get(0) == batch || shape.get(0) == 1;
        if (!batchFits || shape.get(1) != length) {
            throw new IllegalArgumentException(
                    what
                            + " has shape "
                            + shape
                            + ", expected "
                            + new Shape(batch, length)
                            + ": one value for each token, in the mask also for those in the"
                            + " cache");
        }
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.position.RotaryAxes;
import io.github.djlblocks.position.RotaryScaling;
import io.github.djlblocks.position.YarnScaling;
import java.util.List;
import java.util.Set;

/**
 * The rotary embedding a config.json describes: {@code rope_scaling} with its neighbours, as
 * transformers 4 writes them, or {@code rope_parameters}, as transformers 5 does.
 *
 * <p>Numbers are those of {@code modeling_rope_utils.py} of transformers 4.51.3. There, a {@code
 * rope_scaling} of YaRN with an original length has the ratio of the two lengths for its factor,
 * whatever {@code factor} says; {@code rope_parameters}, which came later, go by {@code factor}.
 * LongRoPE's original length may stand in {@code rope_scaling} too, where 4.51.3 passes over it.
 */
final class RotaryConfig {

    private static final Set<String> TYPES =
            Set.of(
                    "default",
                    "linear",
                    "dynamic",
                    "yarn",
                    "longrope",
                    "su",
                    "llama3",
                    "mrope",
                    "proportional");

    private final ConfigReader json;
    private final ConfigReader scaling;
    private final boolean version5;
    private final int maxPositions;
    private final String type;

    private RotaryConfig(
            ConfigReader json, ConfigReader scaling, boolean version5, int maxPositions) {
        this.maxPositions = maxPositions;
        this.json = json;
        this.scaling = scaling;
        this.version5 = version5;
        this.type = type(scaling);
    }

    private static String type(ConfigReader scaling) {
        if (scaling.has("rope_type") || scaling.has("type")) {
            return scaling.text("rope_type", scaling.text("type", ""));
        }
        scaling.refuseOthers(
                Set.of("rope_theta", "partial_rotary_factor", "mrope_section", "mrope_interleaved"),
                "rope_type");
        return "default";
    }

    /** The one rotary embedding of a model, whose max_position_embeddings are given. */
    static RotaryConfig of(ConfigReader json, int maxPositions) {
        // Transformers 5 writes rope_parameters, with theta inside; before, rope_scaling and theta.
        boolean version5 = json.has("rope_parameters");
        return new RotaryConfig(
                json,
                json.object(version5 ? "rope_parameters" : "rope_scaling"),
                version5,
                maxPositions);
    }

    /** That of a type of layers, where {@code rope_parameters} has one for each. */
    static RotaryConfig of(ConfigReader json, int maxPositions, String layerType) {
        return new RotaryConfig(
                json, json.object("rope_parameters").object(layerType), true, maxPositions);
    }

    /** Theta and the part that turns stand in {@code rope_theta} and partial_rotary_factor. */
    RotarySpec spec(int headDim, RotaryLayout layout) {
        return spec(
                headDim,
                layout,
                json.number("rope_theta", 10000),
                json.number("partial_rotary_factor", 1));
    }

    /** Theta and the part that turns are given; rope_parameters may have others. */
    RotarySpec spec(int headDim, RotaryLayout layout, double otherwiseTheta, double otherwisePart) {
        double theta = scaling.number("rope_theta", otherwiseTheta);
        double part = scaling.number("partial_rotary_factor", otherwisePart);
        boolean proportional = type.equals("proportional");
        RotarySpec spec =
                scaling(part).spec(theta, rotaryDim(headDim, proportional ? 1 : part), layout);
        return scaling.has("mrope_section") ? spec.withAxes(axes()) : spec;
    }

    /** Refuses types that this family does not have. */
    void requireOneOf(String... types) {
        if (!List.of(types).contains(type)) {
            throw scaling.unknown("rope type", type, Set.of(types));
        }
    }

    /** The longest sequence there are to be positions for. */
    int contextLength() {
        // These two extend what max_position_embeddings says; the others are in it already.
        boolean ofYarn = type.equals("yarn") && !scaling.has("original_max_position_embeddings");
        return type.equals("dynamic") || ofYarn
                ? (int) (maxPositions * scaling.number("factor"))
                : maxPositions;
    }

    private RotaryScaling scaling(double part) {
        return switch (type) {
            case "default", "mrope" -> RotaryScaling.none();
            case "linear" -> RotaryScaling.linear(scaling.number("factor"));
            case "dynamic" -> RotaryScaling.dynamicNtk(scaling.number("factor"), maxPositions);
            case "yarn" -> yarn();
            case "longrope", "su" -> longRope();
            case "llama3" ->
                    RotaryScaling.llama3(
                            scaling.number("factor"),
                            scaling.number("low_freq_factor"),
                            scaling.number("high_freq_factor"),
                            scaling.integer("original_max_position_embeddings"));
            case "proportional" -> RotaryScaling.proportional(part, scaling.number("factor", 1));
            default -> throw scaling.unknown("rope type", type, TYPES);
        };
    }

    private RotaryScaling yarn() {
        String original = "original_max_position_embeddings";
        int context = scaling.has(original) ? scaling.integer(original) : maxPositions;
        boolean ratio = scaling.has(original) && !(version5 && scaling.has("factor"));
        double factor = ratio ? (double) maxPositions / context : scaling.number("factor");
        YarnScaling yarn =
                RotaryScaling.yarn(factor, context)
                        .withBetas(orElse("beta_fast", 32), orElse("beta_slow", 1))
                        .withTruncate(scaling.flag("truncate", true));
        if (scaling.has("attention_factor")) {
            return yarn.withAttentionFactor(scaling.number("attention_factor"));
        }
        double mscale = scaling.number("mscale", 0);
        double mscaleAllDim = scaling.number("mscale_all_dim", 0);
        return mscale != 0 && mscaleAllDim != 0 ? yarn.withMscale(mscale, mscaleAllDim) : yarn;
    }

    private RotaryScaling longRope() {
        String original = "original_max_position_embeddings";
        int max = maxPositions;
        int context = json.integer(original, scaling.integer(original, max));
        boolean ratio = json.has(original) || scaling.has(original);
        double attention =
                scaling.has("attention_factor")
                        ? scaling.number("attention_factor")
                        : RotaryScaling.longRopeAttention(
                                ratio ? (double) max / context : scaling.number("factor"), context);
        return RotaryScaling.longRope(
                scaling.numbers("short_factor"),
                scaling.numbers("long_factor"),
                context,
                attention);
    }

    /** Zero counts as absent, as in the reference. */
    private double orElse(String field, double otherwise) {
        double value = scaling.number(field, 0);
        return value == 0 ? otherwise : value;
    }

    private List<Integer> axes() {
        int[] sections =
                scaling.numbers("mrope_section").stream().mapToInt(Double::intValue).toArray();
        return scaling.flag("mrope_interleaved", false)
                ? RotaryAxes.interleaved(sections)
                : RotaryAxes.sections(sections);
    }

    private static int rotaryDim(int headDim, double part) {
        int rotaryDim = (int) (headDim * part);
        if (rotaryDim < 2 || rotaryDim > headDim || rotaryDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "head_dim ("
                            + headDim
                            + ") times partial_rotary_factor ("
                            + part
                            + ") gives "
                            + rotaryDim
                            + " rotary channels, which must be even, at least 2 and at most"
                            + " head_dim: rotary embedding pairs its channels");
        }
        return rotaryDim;
    }
}

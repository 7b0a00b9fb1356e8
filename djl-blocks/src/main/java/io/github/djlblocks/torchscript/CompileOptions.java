package io.github.djlblocks.torchscript;

import io.github.djlblocks.format.WeightFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a block is compiled. Immutable; the {@code with} methods return changed copies.
 *
 * <p>By default weights are used as they are, in the memory of the parameters. Given a format, they
 * are packed once, in memory of their own, for the kernels that are fastest on this machine:
 * weights of linear maps in the format; where it is {@code int4}, the head of a model in {@code
 * int8}; all else, as norms and embedding tables, in the type of activations, which is bfloat16
 * with {@code bfloat16} and {@code int4} and FLOAT32 otherwise.
 */
public final class CompileOptions {

    private static final Pattern HEAD = Pattern.compile("(.*\\.)?(head|embedding|tokens)\\..*");

    private static final CompileOptions DEFAULT =
            new CompileOptions(null, List.of(), WeightStore::rowsOf, false);

    private record Rule(Pattern paths, WeightFormat format) {}

    private final @Nullable WeightFormat weights;
    private final List<Rule> rules;
    private final WeightSource source;
    private final boolean demanded;

    private CompileOptions(
            @Nullable WeightFormat weights,
            List<Rule> rules,
            WeightSource source,
            boolean demanded) {
        this.weights = weights;
        this.rules = rules;
        this.source = source;
        this.demanded = demanded;
    }

    /**
     * Returns the defaults: weights as they are, and what cannot be compiled runs block by block.
     *
     * @return the defaults
     */
    public static CompileOptions defaults() {
        return DEFAULT;
    }

    /**
     * Returns options that pack weights. Parameters must be FLOAT32 or FLOAT16.
     *
     * @param format what they are packed in
     * @return a changed copy
     */
    public CompileOptions withWeights(WeightFormat format) {
        return new CompileOptions(format, rules, source, demanded);
    }

    /**
     * Returns options that pack the weights of some linear maps in another format. Of several that
     * match, the one given last holds.
     *
     * @param paths a regular expression that matches the whole path of a parameter, as in {@code
     *     layers\\.0\\..*}
     * @param format the format of those
     * @return a changed copy
     */
    public CompileOptions withWeights(String paths, WeightFormat format) {
        List<Rule> more = new ArrayList<>();
        more.add(new Rule(Pattern.compile(paths), format));
        more.addAll(rules);
        return new CompileOptions(weights, List.copyOf(more), source, demanded);
    }

    /**
     * Returns options that read weights to be packed from elsewhere than the parameters, which need
     * no values then.
     *
     * @param newSource where they are read
     * @return a changed copy
     */
    public CompileOptions withSource(WeightSource newSource) {
        return new CompileOptions(weights, rules, newSource, demanded);
    }

    /**
     * Returns options under which a pass that cannot run compiled is an error.
     *
     * @return a changed copy
     */
    public CompileOptions demanded() {
        return new CompileOptions(weights, rules, source, true);
    }

    /**
     * Returns the format weights are packed in.
     *
     * @return the format, or null if they are used as they are
     */
    public @Nullable WeightFormat weights() {
        return weights;
    }

    ScriptTypes types() {
        boolean half =
                weights != null && (weights.equals(WeightFormat.BFLOAT16) || weights.bits() == 4);
        return half ? ScriptTypes.BFLOAT16 : ScriptTypes.FLOAT32;
    }

    /** The format of the weight of a linear map with this path, or null. */
    @Nullable WeightFormat formatOf(String path) {
        if (weights == null) {
            return null;
        }
        for (Rule rule : rules) {
            if (rule.paths().matcher(path).matches()) {
                return rule.format();
            }
        }
        return weights.bits() == 4 && HEAD.matcher(path).matches() ? WeightFormat.INT8 : weights;
    }

    WeightSource source() {
        return source;
    }

    boolean isDemanded() {
        return demanded;
    }
}

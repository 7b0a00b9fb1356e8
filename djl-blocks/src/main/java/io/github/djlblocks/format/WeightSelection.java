package io.github.djlblocks.format;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which format each weight of a model is kept in. Immutable; the {@code with} methods return
 * changed copies.
 *
 * <p>Weights of linear maps are kept in the format given, except that with {@code int4} the head of
 * a model is kept in {@code int8}. All else (norms, biases, embedding tables) is kept in the type
 * that activations have then: bfloat16 with {@code bfloat16} and {@code int4}, float32 with the
 * others.
 */
public final class WeightSelection {

    private static final Pattern HEAD = Pattern.compile("(.*\\.)?(head|embedding|tokens)\\..*");

    private record Rule(Pattern paths, WeightFormat format) {}

    private final WeightFormat format;
    private final List<Rule> rules;

    private WeightSelection(WeightFormat format, List<Rule> rules) {
        this.format = format;
        this.rules = rules;
    }

    /**
     * Returns a selection of one format.
     *
     * @param format the format of linear maps
     * @return the selection
     */
    public static WeightSelection of(WeightFormat format) {
        return new WeightSelection(format, List.of());
    }

    /**
     * Returns a selection of another format with the same exceptions.
     *
     * @param other the format of linear maps
     * @return a changed copy
     */
    public WeightSelection withFormat(WeightFormat other) {
        return new WeightSelection(other, rules);
    }

    /**
     * Returns a selection with an exception. Of several that match, the one given last holds.
     *
     * @param paths a regular expression that matches the whole path of a parameter, as in {@code
     *     layers\\.0\\..*}
     * @param other the format of those that are weights of linear maps
     * @return a changed copy
     * @throws java.util.regex.PatternSyntaxException if it is no regular expression
     */
    public WeightSelection with(String paths, WeightFormat other) {
        List<Rule> more = new ArrayList<>();
        more.add(new Rule(Pattern.compile(paths), other));
        more.addAll(rules);
        return new WeightSelection(format, List.copyOf(more));
    }

    /**
     * Returns the format of linear maps that are no exception.
     *
     * @return the format
     */
    public WeightFormat format() {
        return format;
    }

    /**
     * Returns the format of the weight of a linear map.
     *
     * @param path its path in the model
     * @return the format
     */
    public WeightFormat ofLinear(String path) {
        for (Rule rule : rules) {
            if (rule.paths().matcher(path).matches()) {
                return rule.format();
            }
        }
        return format.bits() == 4 && HEAD.matcher(path).matches() ? WeightFormat.INT8 : format;
    }

    /**
     * Returns the format of all that is no weight of a linear map, and the type of activations.
     *
     * @return bfloat16 or float32
     */
    public WeightFormat ofOthers() {
        boolean half = format.equals(WeightFormat.BFLOAT16) || format.bits() == 4;
        return half ? WeightFormat.BFLOAT16 : WeightFormat.FLOAT32;
    }

    /** Lists the format and the exceptions, the last one given first. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(format.toString());
        rules.forEach(
                rule -> text.append(", ").append(rule.paths()).append("=").append(rule.format()));
        return text.toString();
    }
}

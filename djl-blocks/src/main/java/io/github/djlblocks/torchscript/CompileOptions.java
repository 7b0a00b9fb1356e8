package io.github.djlblocks.torchscript;

import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightSelection;
import org.jspecify.annotations.Nullable;

/**
 * How a block is compiled. Immutable; the {@code with} methods return changed copies.
 *
 * <p>By default weights are used as they are, in the memory of the parameters. Given a format, they
 * are packed once, in memory of their own, for the kernels that are fastest on this machine:
 * weights of linear maps in the format; where it is {@code int4}, the head of a model in {@code
 * int8}; all else, as norms and embedding tables, in the type of activations, which is bfloat16
 * with {@code bfloat16} and {@code int4} and FLOAT32 otherwise. Where the groups of {@code int4} do
 * not divide a row, the weight is packed as {@code int8}. On a GPU formats save memory, not time.
 */
public final class CompileOptions {

    private static final CompileOptions DEFAULT = new CompileOptions(null, null, false, false);

    private final @Nullable WeightSelection weights;
    private final @Nullable WeightSource source;
    private final boolean demanded;
    private final boolean forAnyDevice;

    private CompileOptions(
            @Nullable WeightSelection weights,
            @Nullable WeightSource source,
            boolean demanded,
            boolean forAnyDevice) {
        this.weights = weights;
        this.source = source;
        this.demanded = demanded;
        this.forAnyDevice = forAnyDevice;
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
     * Returns options that pack weights. Parameters must be FLOAT32, or have no values yet.
     *
     * @param format what they are packed in
     * @return a changed copy
     */
    public CompileOptions withWeights(WeightFormat format) {
        return withWeights(
                weights == null ? WeightSelection.of(format) : weights.withFormat(format));
    }

    /**
     * Returns options that pack weights. Parameters must be FLOAT32, or have no values yet.
     *
     * @param selection what each is packed in
     * @return a changed copy
     */
    public CompileOptions withWeights(WeightSelection selection) {
        return new CompileOptions(selection, source, demanded, forAnyDevice);
    }

    /**
     * Returns options that pack the weights of some linear maps in another format. Of several that
     * match, the one given last holds. Others are packed as float32 if no format is given for them.
     *
     * @param paths a regular expression that matches the whole path of a parameter, as in {@code
     *     layers\\.0\\..*}
     * @param format the format of those
     * @return a changed copy
     */
    public CompileOptions withWeights(String paths, WeightFormat format) {
        WeightSelection all = weights == null ? WeightSelection.of(WeightFormat.FLOAT32) : weights;
        return withWeights(all.with(paths, format));
    }

    /**
     * Returns options that read weights to be packed from elsewhere than the parameters, which need
     * no values then.
     *
     * @param newSource where they are read
     * @return a changed copy
     */
    public CompileOptions withSource(WeightSource newSource) {
        return new CompileOptions(weights, newSource, demanded, forAnyDevice);
    }

    /**
     * Returns options under which a pass that cannot run compiled is an error.
     *
     * @return a changed copy
     */
    public CompileOptions demanded() {
        return new CompileOptions(weights, source, true, forAnyDevice);
    }

    /**
     * Returns options under which nothing is made for this processor: no function is chosen by a
     * trial, and a pass is the same operations on every machine and device, in whatever order the
     * engine adds them up there. On a GPU it always is. Weights keep their format in memory, and
     * are made as wide as activations where they are used, which on a processor takes several times
     * as long.
     *
     * @return a changed copy
     */
    public CompileOptions forAnyDevice() {
        return new CompileOptions(weights, source, demanded, true);
    }

    /**
     * Returns the format weights are packed in.
     *
     * @return the format, or null if they are used as they are
     */
    public @Nullable WeightFormat weights() {
        return weights == null ? null : weights.format();
    }

    ScriptTypes types() {
        boolean half = weights != null && weights.ofOthers().equals(WeightFormat.BFLOAT16);
        return half ? ScriptTypes.BFLOAT16 : ScriptTypes.FLOAT32;
    }

    /** The format of the weight of a linear map with this path, or null. */
    @Nullable WeightFormat formatOf(String path) {
        return weights == null ? null : weights.ofLinear(path);
    }

    WeightSource source() {
        return source == null ? ParameterArrays::rowsOf : source;
    }

    /** Whether weights are read elsewhere than from the parameters. */
    boolean hasSource() {
        return source != null;
    }

    boolean isDemanded() {
        return demanded;
    }

    boolean isForAnyDevice() {
        return forAnyDevice;
    }
}

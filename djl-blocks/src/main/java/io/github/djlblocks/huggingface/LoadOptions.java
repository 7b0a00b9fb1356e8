package io.github.djlblocks.huggingface;

import ai.djl.ndarray.types.DataType;
import ai.djl.util.Progress;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightSelection;
import io.github.djlblocks.internal.Checks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * How a model is loaded. Immutable; the {@code with} methods return changed copies.
 *
 * <p>By default parameters are FLOAT32, and on engine PyTorch passes for inference run compiled
 * over them, in the same memory.
 *
 * <p>With a weight format ({@link #withWeights(WeightFormat)}) a model on engine PyTorch is packed
 * while it is loaded, tensor by tensor from the file: it takes the memory of the packed weights,
 * and of one tensor while that is packed. The parameters of the block have no values then: it can
 * neither be trained nor saved, and it runs compiled or not at all. Where nothing is compiled (on
 * other engines, or with {@link Compile#OFF}) the same format rounds the weights to the same
 * numbers, in ordinary FLOAT32 parameters: results are the same but for the rounding of activations
 * in the kernels, and no memory is saved.
 */
public final class LoadOptions {

    /** The engine that compiles. */
    static final String COMPILING_ENGINE = "PyTorch";

    private static final String WEIGHTS = "weights";
    private static final String EXCEPTION = WEIGHTS + ".";
    private static final String ADAPTER = "adapter.";
    private static final LoadOptions DEFAULTS =
            new LoadOptions(DataType.FLOAT32, Compile.AUTO, null, List.of(), null, true, Map.of());

    /** Whether passes for inference run compiled. */
    public enum Compile {
        /** Where the engine can; what cannot be compiled runs block by block. */
        AUTO,
        /** Yes, or loading or the pass fails. */
        REQUIRED,
        /** No. */
        OFF
    }

    /** An exception from the format, and by which expression it is named. */
    record FormatRule(String paths, WeightFormat format) {}

    private final DataType dataType;
    private final Compile compile;
    private final @Nullable WeightFormat weights;
    private final List<FormatRule> rules;
    private final @Nullable Progress progress;
    private final boolean head;
    private final Map<String, Path> adapters;

    private LoadOptions(
            DataType dataType,
            Compile compile,
            @Nullable WeightFormat weights,
            List<FormatRule> rules,
            @Nullable Progress progress,
            boolean head,
            Map<String, Path> adapters) {
        this.adapters = Collections.unmodifiableMap(new LinkedHashMap<>(adapters));
        this.head = head;
        this.dataType = Checks.floating(dataType);
        this.compile = compile;
        this.weights = weights;
        this.rules = List.copyOf(rules);
        this.progress = progress;
        if (hasFormats() && dataType != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "weights ("
                            + selection()
                            + ") are read as float32, so dataType ("
                            + dataType.name().toLowerCase(Locale.ROOT)
                            + ") must be float32: give one of the two");
        }
    }

    /**
     * Returns the defaults.
     *
     * @return FLOAT32, compiled where the engine can, weights as they are
     */
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Reads the arguments of DJL's criteria or of {@code serving.properties}. Others are left
     * alone.
     *
     * <table>
     * <caption>Arguments</caption>
     * <tr><th>name</th><th>values</th><th>default</th></tr>
     * <tr><td>{@code dataType}</td><td>{@code float32, float64, float16}</td><td>{@code float32}
     * </td></tr>
     * <tr><td>{@code compile}</td><td>{@code auto, true, false}</td><td>{@code auto}</td></tr>
     * <tr><td>{@code weights}</td><td>a {@link WeightFormat}: {@code float32, float16, bfloat16,
     * int8, int4, int4:64, int4:128}</td><td>as they are</td></tr>
     * <tr><td>{@code weights.}<i>paths</i></td><td>a format for the linear maps whose parameter
     * path the regular expression <i>paths</i> matches whole, as {@code
     * weights.layers\\.0\\..*}; of several that match the longest expression holds</td><td>that of
     * {@code weights}, {@code float32} if there is none</td></tr>
     * <tr><td>{@code progress}</td><td>a {@link Progress}: DJL keeps that of {@code optProgress}
     * to itself</td><td>none</td></tr>
     * <tr><td>{@code head}</td><td>{@code true, false}; false loads an encoder alone, without the
     * head and the pooler of its checkpoint</td><td>{@code true}</td></tr>
     * <tr><td>{@code adapter.}<i>name</i></td><td>a directory with an adapter in the layout of PEFT,
     * beside the model if it is relative; {@code adapter} among the options of a text chooses one
     * </td><td>none</td></tr>
     * </table>
     *
     * @param arguments the arguments
     * @return the options
     * @throws IllegalArgumentException if a value is none of those; the message lists them
     */
    public static LoadOptions of(Map<String, ?> arguments) {
        LoadOptions options = DEFAULTS;
        Object format = arguments.get(WEIGHTS);
        if (format != null) {
            options = options.withWeights(WeightFormat.parse(format.toString()));
        }
        Map<String, WeightFormat> exceptions =
                new TreeMap<>(
                        Comparator.comparing(String::length)
                                .thenComparing(Comparator.naturalOrder()));
        arguments.forEach(
                (name, value) -> {
                    if (name.startsWith(EXCEPTION)) {
                        exceptions.put(
                                name.substring(EXCEPTION.length()),
                                WeightFormat.parse(String.valueOf(value)));
                    }
                });
        for (Map.Entry<String, WeightFormat> exception : exceptions.entrySet()) {
            options = options.withWeights(exception.getKey(), exception.getValue());
        }
        for (Map.Entry<String, ?> argument : new TreeMap<>(arguments).entrySet()) {
            if (argument.getKey().startsWith(ADAPTER)) {
                String name = argument.getKey().substring(ADAPTER.length());
                options = options.withAdapter(name, Path.of(String.valueOf(argument.getValue())));
            }
        }
        Object progress = arguments.get("progress");
        if (progress != null) {
            options = options.withProgress(progress(progress));
        }
        Object compile = arguments.get("compile");
        if (compile != null) {
            options = options.withCompile(compile(compile.toString()));
        }
        Object head = arguments.get("head");
        if (head != null) {
            options = options.withHead(head(head.toString()));
        }
        Object dataType = arguments.get("dataType");
        return dataType == null ? options : options.withDataType(dataType(dataType.toString()));
    }

    private static Compile compile(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "auto" -> Compile.AUTO;
            case "true" -> Compile.REQUIRED;
            case "false" -> Compile.OFF;
            default ->
                    throw new IllegalArgumentException(
                            "compile '" + text + "' must be auto, true or false");
        };
    }

    private static Progress progress(Object value) {
        if (value instanceof Progress progress) {
            return progress;
        }
        throw new IllegalArgumentException(
                "progress ("
                        + value
                        + ") must be an ai.djl.util.Progress: give the object, in"
                        + " Criteria.optArgument");
    }

    private static boolean head(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new IllegalArgumentException("head '" + text + "' must be true or false");
        };
    }

    private static DataType dataType(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "float32" -> DataType.FLOAT32;
            case "float64" -> DataType.FLOAT64;
            case "float16" -> DataType.FLOAT16;
            default ->
                    throw new IllegalArgumentException(
                            "dataType '"
                                    + name
                                    + "' cannot be computed through NDArray: use float32, float64"
                                    + " or float16 (a bfloat16 checkpoint loads as any of these)");
        };
    }

    /**
     * Returns options with parameters of another type.
     *
     * @param type FLOAT32, FLOAT64, or FLOAT16 where the engine can compute it
     * @return a changed copy
     * @throws IllegalArgumentException if the type is not floating, or not FLOAT32 with a format
     */
    public LoadOptions withDataType(DataType type) {
        return new LoadOptions(type, compile, weights, rules, progress, head, adapters);
    }

    /**
     * Returns options that say whether passes run compiled.
     *
     * @param whether whether they do
     * @return a changed copy
     */
    public LoadOptions withCompile(Compile whether) {
        return new LoadOptions(dataType, whether, weights, rules, progress, head, adapters);
    }

    /**
     * Returns options that keep weights in a format; see {@link WeightSelection} for what is kept
     * wider.
     *
     * @param format the format of linear maps
     * @return a changed copy
     * @throws IllegalArgumentException if parameters are not FLOAT32
     */
    public LoadOptions withWeights(WeightFormat format) {
        return new LoadOptions(dataType, compile, format, rules, progress, head, adapters);
    }

    /**
     * Returns options that keep some linear maps in another format. Of several that match, the one
     * given last holds. Without a format for the others, they are float32.
     *
     * @param paths a regular expression that matches the whole path of a parameter, as in {@code
     *     layers\\.0\\..*}; it must match one at least
     * @param format the format of those
     * @return a changed copy
     * @throws IllegalArgumentException if it is no regular expression, or parameters are not
     *     FLOAT32
     */
    public LoadOptions withWeights(String paths, WeightFormat format) {
        List<FormatRule> more = new ArrayList<>(rules);
        more.add(new FormatRule(paths, format));
        LoadOptions options =
                new LoadOptions(dataType, compile, weights, more, progress, head, adapters);
        try {
            options.selection();
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    EXCEPTION + paths + " names no paths: " + e.getMessage(), e);
        }
        return options;
    }

    /**
     * Returns options that say how loading goes on: one step for each parameter.
     *
     * @param newProgress is told
     * @return a changed copy
     */
    public LoadOptions withProgress(Progress newProgress) {
        return new LoadOptions(dataType, compile, weights, rules, newProgress, head, adapters);
    }

    /**
     * Returns options that load an encoder with its head or alone.
     *
     * @param whether false to pass over the head and the pooler of its checkpoint
     * @return a changed copy
     */
    public LoadOptions withHead(boolean whether) {
        return new LoadOptions(dataType, compile, weights, rules, progress, whether, adapters);
    }

    /**
     * Returns options that load an adapter, too.
     *
     * @param name what it is called
     * @param directory where it is, in the layout of PEFT; beside the model if it is relative
     * @return a changed copy
     */
    public LoadOptions withAdapter(String name, Path directory) {
        Map<String, Path> more = new LinkedHashMap<>(adapters);
        more.put(name, directory);
        return new LoadOptions(dataType, compile, weights, rules, progress, head, more);
    }

    Map<String, Path> adapters() {
        return adapters;
    }

    @Nullable Progress progress() {
        return progress;
    }

    boolean hasHead() {
        return head;
    }

    DataType dataType() {
        return dataType;
    }

    boolean isRequired() {
        return compile == Compile.REQUIRED;
    }

    List<FormatRule> rules() {
        return rules;
    }

    /** Whether weights are kept in a format. */
    boolean hasFormats() {
        return weights != null || !rules.isEmpty();
    }

    WeightSelection selection() {
        WeightSelection all = WeightSelection.of(weights == null ? WeightFormat.FLOAT32 : weights);
        for (FormatRule rule : rules) {
            all = all.with(rule.paths(), rule.format());
        }
        return all;
    }

    /**
     * Whether a model on this engine is compiled.
     *
     * @throws IllegalArgumentException if it must be and cannot
     */
    boolean compiles(String engine) {
        boolean can = engine.equals(COMPILING_ENGINE);
        if (isRequired() && !can) {
            throw new IllegalArgumentException(
                    "compile=true, but engine "
                            + engine
                            + " runs models block by block only: use engine "
                            + COMPILING_ENGINE
                            + ", or compile=auto");
        }
        return can && compile != Compile.OFF;
    }
}

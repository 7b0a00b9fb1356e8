package io.github.djlblocks.torchscript;

import io.github.djlblocks.format.WeightFormat;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A way to compute {@code y = x W^T + b} over a stored weight: a function of {@code linear.py}.
 *
 * <p>Rows are those of {@code x} flattened to {@code (rows, in)}. Kernels of one holder can take
 * turns on the same weight.
 */
enum LinearKernel {
    FLOAT32_PLAIN("float32.plain", WeightHolder.PLAIN, "linear_plain", Rounding.FLOAT32, true),
    FLOAT32_MKLDNN(
            "float32.mkldnn", WeightHolder.MKLDNN, "linear_mkldnn", Rounding.FLOAT32, false) {
        @Override
        @Nullable String bare(String x, List<String> parts, Product product) {
            return product.type() == FLOAT32 ? MKLDNN.formatted(x, parts.get(0)) : null;
        }
    },
    FLOAT16_FBGEMM(
            "float16.fbgemm",
            WeightHolder.FBGEMM_FLOAT16,
            "linear_fbgemm_float16",
            Rounding.FLOAT32,
            false) {
        @Override
        @Nullable String bare(String x, List<String> parts, Product product) {
            return product.type() == FLOAT32
                    ? "ops.quantized.linear_dynamic_fp16(" + x + ", " + parts.get(0) + ")"
                    : null;
        }
    },
    FLOAT16_WIDENED("float16.widened", WeightHolder.PLAIN, "linear_widened", Rounding.OF_X, true),
    BFLOAT16_PLAIN(
            "bfloat16.plain", WeightHolder.PLAIN_BFLOAT16, "linear_plain", Rounding.BFLOAT16, true),
    BFLOAT16_MKLDNN(
            "bfloat16.mkldnn",
            WeightHolder.MKLDNN_BFLOAT16,
            "linear_mkldnn",
            Rounding.BFLOAT16,
            false) {
        @Override
        @Nullable String bare(String x, List<String> parts, Product product) {
            return product.type() == BFLOAT16 ? MKLDNN.formatted(x, parts.get(0)) : null;
        }
    },
    INT8_FBGEMM(
            "int8.fbgemm",
            WeightHolder.FBGEMM_INT8,
            "linear_fbgemm_int8",
            Rounding.ROW_RANGE,
            false) {
        @Override
        String functionOver() {
            return "linear_fbgemm_int8_over";
        }

        @Override
        @Nullable String bare(String x, List<String> parts, Product product) {
            return product.one() && product.type() == FLOAT32
                    ? "ops.quantized.linear_dynamic(" + x + ", " + parts.get(0) + ", False)"
                    : null;
        }
    },
    INT8_ONEDNN(
            "int8.onednn",
            WeightHolder.ONEDNN_INT8,
            "linear_onednn_int8",
            Rounding.ROW_STEP,
            false) {
        @Override
        String functionOver() {
            return "linear_onednn_int8_over";
        }
    },
    INT8_ROWS("int8.rows", WeightHolder.SCALED, "linear_rows_int8", Rounding.ROW_STEP, false),
    INT8_PACK("int8.pack", WeightHolder.SCALED, "linear_pack_int8", Rounding.BFLOAT16, false) {
        // Other widths read past the end: a segmentation fault at 17 x 33 with 3 rows.
        @Override
        boolean supports(int out, int in, long rows) {
            return in % 32 == 0;
        }
    },
    INT8_WIDENED("int8.widened", WeightHolder.SCALED, "linear_widened_int8", Rounding.OF_X, true),
    INT4_PACK("int4.pack", WeightHolder.PACKED_INT4, "linear_pack_int4", Rounding.BFLOAT16, false) {
        @Override
        boolean supports(int out, int in, long rows) {
            return out % 16 == 0 && in % 32 == 0;
        }

        @Override
        @Nullable String bare(String x, List<String> parts, Product product) {
            if (!product.one() || product.type() != BFLOAT16) {
                return null;
            }
            return "torch.view(torch._weight_int4pack_mm_for_cpu(torch.view(%s, [1, %d]), %s, %d, %s), %s)"
                    .formatted(
                            x,
                            product.in(),
                            parts.get(0),
                            product.group(),
                            parts.get(1),
                            product.shape());
        }
    },
    INT4_UNPACK(
            "int4.unpack",
            WeightHolder.PACKED_INT4,
            "linear_unpack_int4",
            Rounding.BFLOAT16_WEIGHTS,
            false) {
        @Override
        boolean supports(int out, int in, long rows) {
            return out % 64 == 0 && in % 32 == 0;
        }
    },
    INT4_WIDENED("int4.widened", WeightHolder.SCALED, "linear_widened_int4", Rounding.OF_X, true);

    /** To what activations are rounded, beyond the float32 that all sums are kept in. */
    enum Rounding {
        /** Not at all. */
        FLOAT32,
        /** To the type of {@code x}: with bfloat16, weights are rounded too. */
        OF_X,
        /** To bfloat16, 2^-9 of each value, and the result likewise. */
        BFLOAT16,
        /** As {@link #BFLOAT16}, and the weights too. */
        BFLOAT16_WEIGHTS,
        /**
         * To a step of at most {@code 2 max|x| / 255} of the row, and the step of zero besides: off
         * by one of them.
         */
        ROW_RANGE,
        /** To a step of {@code max|x| / 127} of the row: off by half of it. */
        ROW_STEP
    }

    /**
     * A product that is printed without a bias.
     *
     * @param type of {@code x}, as in {@code c10::ScalarType}
     * @param one whether {@code x} has one row
     * @param rank of {@code x}
     * @param out rows of the weight
     * @param in columns of the weight
     * @param group of the weight's format, or 0
     */
    record Product(int type, boolean one, int rank, long out, long in, int group) {

        /** The shape of the result of one row. */
        String shape() {
            return "[" + "1, ".repeat(rank - 1) + out + "]";
        }
    }

    private static final int FLOAT32 = 6;
    private static final int BFLOAT16 = 15;
    private static final String MKLDNN =
            "ops.mkldnn._linear_pointwise(%s, %s, None, \"none\","
                    + " annotate(List[Optional[number]], []), \"\")";

    private final String id;
    private final WeightHolder holder;
    private final String function;
    private final Rounding rounding;
    private final boolean anyDevice;

    LinearKernel(
            String id, WeightHolder holder, String function, Rounding rounding, boolean anyDevice) {
        this.id = id;
        this.holder = holder;
        this.function = function;
        this.rounding = rounding;
        this.anyDevice = anyDevice;
    }

    /** The name to pin it by: format, dot, way. */
    String id() {
        return id;
    }

    WeightHolder holder() {
        return holder;
    }

    /** The function of {@code linear.py}. */
    String function() {
        return function;
    }

    /** The function for an {@code x} that it may write over. */
    String functionOver() {
        return function;
    }

    Rounding rounding() {
        return rounding;
    }

    /** Whether it runs on a GPU, and on processors other than x86, too. */
    boolean anyDevice() {
        return anyDevice;
    }

    /** Whether it may be called with these sizes at all: some kernels check nothing themselves. */
    boolean supports(int out, int in, long rows) {
        return true;
    }

    /** What the function comes to if nothing is to be converted or added, or none. */
    @Nullable String bare(String x, List<String> parts, Product product) {
        return null;
    }

    /** The call, given an expression for each of its arguments; {@code None} for no bias. */
    String call(String x, List<String> parts, String bias) {
        return call("self." + function, x, parts, bias);
    }

    /** The same, of the function under another name. */
    String call(String called, String x, List<String> parts, String bias) {
        if (parts.size() != holder.parts().size()) {
            throw new IllegalArgumentException(
                    id + " takes " + holder.parts().size() + " parts, not " + parts.size());
        }
        return parts.stream()
                .collect(Collectors.joining(", ", called + "(" + x + ", ", ", " + bias + ")"));
    }

    /** The one kernel of each format that runs everywhere. */
    static List<LinearKernel> ofAnyDevice() {
        return Arrays.stream(values()).filter(LinearKernel::anyDevice).toList();
    }

    /** The kernels that read a format, plain and widened ones work always. */
    static List<LinearKernel> of(WeightFormat format) {
        String prefix = format.toString().replaceFirst(":.*", "") + ".";
        return Arrays.stream(values()).filter(kernel -> kernel.id.startsWith(prefix)).toList();
    }

    static LinearKernel byId(String id) {
        return Arrays.stream(values())
                .filter(kernel -> kernel.id.equals(id))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no linear kernel '"
                                                + id
                                                + "': use one of "
                                                + Arrays.stream(values())
                                                        .map(LinearKernel::id)
                                                        .toList()));
    }
}

package io.github.djlblocks.torchscript;

import java.util.Collections;
import java.util.List;

/**
 * What a stored weight becomes before kernels use it: made once, by the function {@link #pack} of
 * {@code linear.py}, from codes and scales.
 */
enum WeightHolder {
    PLAIN("pack_plain", 1),
    PLAIN_BFLOAT16("pack_plain_bfloat16", 1),
    MKLDNN("pack_mkldnn", 1),
    MKLDNN_BFLOAT16("pack_mkldnn_bfloat16", 1),
    FBGEMM_FLOAT16("pack_fbgemm_float16", 0),
    FBGEMM_INT8("pack_fbgemm_int8", 0),
    ONEDNN_INT8("pack_onednn_int8", 3),
    SCALED("pack_scaled", 2),
    PACKED_INT4("pack_int4", 2);

    private final String pack;
    private final int tensors;

    WeightHolder(String pack, int tensors) {
        this.pack = pack;
        this.tensors = tensors;
    }

    String pack() {
        return pack;
    }

    /** Whether {@link #pack} gives a list of tensors; otherwise it gives one opaque object. */
    boolean isTensors() {
        return tensors > 0;
    }

    /** The TorchScript type of each part. */
    List<String> parts() {
        return isTensors() ? Collections.nCopies(tensors, "Tensor") : List.of(Script.PACKED);
    }
}

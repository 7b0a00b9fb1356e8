package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;

/** A decoder that turns queries and keys, each channel with the one half of them further. */
abstract class RotaryDecoderGoldens extends DecoderGoldens {

    private static final long DISTANCE = 7;

    RotaryDecoderGoldens(String family) throws IOException, MalformedModelException {
        super(family);
    }

    /** The first channel of a head that is turned. */
    int firstTurned() {
        return 0;
    }

    /** Frequencies of the channels of a layer. */
    RotarySpec rotary(int layer) {
        return description().decoderConfig().orElseThrow().rotary();
    }

    /**
     * Rotary attention sees distances only, so no logits tell whether given positions were used;
     * the keys do. Moving every token by the same distance turns each key by it and changes no
     * value.
     */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_laterPositions_turnsTheKeysInTheCache(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden().array("plain.input_ids", manager, DataType.INT64);
        Shape shape = ids.getShape();
        long[] later = new long[Math.toIntExact(shape.size())];
        for (int i = 0; i < later.length; i++) {
            later[i] = DISTANCE + i % shape.get(1);
        }
        NDArray positions = manager.create(later, shape);
        NDArray mask = manager.ones(ids.getShape(), DataType.INT64);
        var tolerance = GoldenTolerance.ofFloat32Run(dataType, terms());
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);

            forward(model, new NDList(ids, mask, positions), manager, params);

            for (int layer = 0; layer < description().layers(); layer++) {
                NDList content = cache.slot(layer).content();
                int headDim = Math.toIntExact(content.get(0).getShape().get(3));
                double[] held = HostValues.of(keysOfReference(content.get(0)));
                double[] keys = turned(layer, held, headDim, -DISTANCE);
                golden().assertClose("plain.cache.key." + layer, keys, tolerance);
                golden().assertClose("plain.cache.value." + layer, content.get(1), tolerance);
            }
        }
    }

    /** Turns keys (B, K, S, D), channel i with channel i + r / 2, by a distance. */
    private double[] turned(int layer, double[] keys, int headDim, long distance) {
        double[] frequencies = rotary(layer).inverseFrequencies();
        double[] turned = keys.clone();
        for (int head = 0; head < keys.length; head += headDim) {
            for (int i = 0; i < frequencies.length; i++) {
                double cos = Math.cos(distance * frequencies[i]);
                double sin = Math.sin(distance * frequencies[i]);
                int first = head + firstTurned() + i;
                int second = first + frequencies.length;
                turned[first] = keys[first] * cos - keys[second] * sin;
                turned[second] = keys[second] * cos + keys[first] * sin;
            }
        }
        return turned;
    }
}

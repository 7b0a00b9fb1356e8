package io.github.djlblocks.generation;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.ProcessMemory;
import java.nio.file.Path;

/**
 * Loads a model in this process and prints what it takes: arguments directory and format; prints
 * bytes resident before, at the peak, and after it has generated.
 */
final class LoadMemory {

    private LoadMemory() {}

    public static void main(String[] args) throws Exception {
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            try (NDArray x = manager.ones(new Shape(64, 64), DataType.FLOAT32);
                    NDArray y = x.matMul(x)) {
                y.toFloatArray();
            }
            long before = ProcessMemory.residentBytes().orElse(0);
            CausalLanguageModel model =
                    HuggingFaceModels.load(
                            Path.of(args[0]),
                            manager,
                            LoadOptions.defaults().withWeights(WeightFormat.parse(args[1])));
            long loaded = ProcessMemory.residentBytes().orElse(0);
            long[][] prompt = {{1, 2, 3, 4}};
            try (GreedyDecoder decoder =
                    GreedyDecoder.start(model, manager, prompt, GenerationOptions.of(8))) {
                while (decoder.hasNext()) {
                    decoder.next();
                }
            }
            long peak = ProcessMemory.peakResidentBytes().orElse(0);
            System.out.println(before + " " + loaded + " " + peak);
        }
    }
}

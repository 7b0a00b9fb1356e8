package io.github.djlblocks.samples;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import io.github.djlblocks.torchscript.TorchScriptModule;
import java.io.IOException;
import java.nio.file.Path;

/** Small encoders as TorchScript files: tokens (B, S) to a sequence (B, S, {@value #SIZE}). */
enum HybridEncoders {
    /** An encoder of this library, written by {@link TorchScript#export}. */
    EXPORTED {
        @Override
        void write(NDManager manager, Path file) throws IOException {
            Block encoder =
                    Encoders.encoder(
                            new EncoderConfig(
                                    EmbeddingConfig.builder()
                                            .setVocabularySize(VOCABULARY)
                                            .setContextLength(CONTEXT)
                                            .build(),
                                    StackConfig.builder()
                                            .setHiddenSize(SIZE)
                                            .setFeedForwardSize(2 * SIZE)
                                            .setLayers(1)
                                            .setHeads(2)
                                            .build()));
            encoder.setInitializer(new NormalInitializer(0.1f), Parameter.Type.WEIGHT);
            encoder.initialize(manager, DataType.FLOAT32, new Shape(2, 2));
            ExportOptions options =
                    ExportOptions.builder()
                            .addInput("ids", new Shape(2, 3), DataType.INT64)
                            .build();
            TorchScript.export(encoder, file, options);
        }
    },
    /** One layer over tokens and positions; its text is written by hand. */
    WRITTEN {
        @Override
        void write(NDManager manager, Path file) throws IOException {
            TorchScriptModule.builder("__torch__.Written")
                    .addParameter("tokens", manager.randomNormal(new Shape(VOCABULARY, SIZE)))
                    .addParameter("positions", manager.randomNormal(new Shape(CONTEXT, SIZE)))
                    .addParameter("weight", manager.randomNormal(new Shape(SIZE, SIZE)).div(8))
                    .addParameter("bias", manager.zeros(new Shape(SIZE)))
                    .addMethod(
                            """
                            def forward(self: __torch__.Written, ids: Tensor) -> Tensor:
                              x = torch.embedding(self.tokens, ids)
                              p = torch.narrow(self.positions, 0, 0, torch.size(ids, 1))
                              y = torch.linear(torch.add(x, p), self.weight, self.bias)
                              return torch.tanh(y)
                            """)
                    .build()
                    .write(file);
        }
    };

    static final int VOCABULARY = 12;
    static final int CONTEXT = 16;
    static final int SIZE = 16;

    /** Writes the file, with random weights. */
    abstract void write(NDManager manager, Path file) throws IOException;
}

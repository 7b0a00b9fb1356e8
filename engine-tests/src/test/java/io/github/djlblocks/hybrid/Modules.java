package io.github.djlblocks.hybrid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;

/** Files that {@code make_modules.py} wrote with PyTorch 1.13.1, and what it computed. */
final class Modules {

    private static final JsonObject EXPECTED = expected();

    private Modules() {}

    static Path file(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(Modules.class.getResource("/hybrid/" + name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonObject expected() {
        try {
            return JsonParser.parseString(Files.readString(file("expected.json")))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Numbers of PyTorch. */
    static double[] expected(String name) {
        return StreamSupport.stream(EXPECTED.getAsJsonArray(name).spliterator(), false)
                .mapToDouble(each -> each.getAsDouble())
                .toArray();
    }

    static double[] gradient(String parameter) {
        return StreamSupport.stream(
                        EXPECTED.getAsJsonObject("gradients")
                                .getAsJsonArray(parameter)
                                .spliterator(),
                        false)
                .mapToDouble(each -> each.getAsDouble())
                .toArray();
    }

    static TorchScriptBlockBuilder tagger() {
        return TorchScriptBlock.builder()
                .setFile(file("tagger.pt"))
                .addInput("ids", new Shape(-1, -1), DataType.INT64);
    }

    static NDArray ids(NDManager manager) {
        return manager.create(new long[] {1, 2, 3, 4, 5, 10}, new Shape(2, 3));
    }

    /** All outputs of blocks side by side. */
    static NDList joined(List<NDList> outputs) {
        NDList all = new NDList();
        outputs.forEach(all::addAll);
        return all;
    }

    static NDList infer(Block block, NDManager manager, NDArray... inputs) {
        return run(block, manager, false, inputs);
    }

    static NDList run(Block block, NDManager manager, boolean training, NDArray... inputs) {
        return block.forward(new ParameterStore(manager, false), new NDList(inputs), training);
    }
}

package io.github.djlblocks.export;

import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** Writes files and loads them as anybody does who has DJL alone. */
final class Exports {

    private Exports() {}

    /** Exports a block whose inputs are named x0, x1 and so on. */
    static void write(
            Block block,
            Path file,
            NDList inputs,
            @Nullable PairList<String, Object> params,
            ExportTarget target)
            throws IOException {
        ExportOptions.Builder options = ExportOptions.builder();
        for (int i = 0; i < inputs.size(); i++) {
            options.addInput("x" + i, inputs.get(i));
        }
        TorchScript.export(block, file, options.optParams(params).optTarget(target).build());
    }

    /** Loads a file as an ordinary model. */
    static Model load(Path file) throws IOException, ModelException {
        Model model = Model.newInstance("exported", "PyTorch");
        model.load(Objects.requireNonNull(file.getParent()), String.valueOf(file.getFileName()));
        return model;
    }

    static NDList forward(Block block, NDList inputs) {
        NDArray first = inputs.get(0);
        return block.forward(new ParameterStore(first.getManager(), false), inputs, false);
    }

    /** Calls a method the way DJL names it, with lists of arrays behind the inputs if any. */
    static NDList call(Model model, String method, NDArray... inputs) {
        NDManager manager = inputs[0].getManager();
        NDArray marker = manager.create(0f);
        marker.setName("module_method:" + method);
        NDList all = new NDList(marker);
        all.addAll(List.of(inputs));
        return forward(model.getBlock(), all);
    }

    /** Inputs, and behind them the arrays of the params. */
    static NDList arguments(NDList inputs, @Nullable PairList<String, Object> params) {
        NDList arguments = new NDList(inputs);
        if (params != null) {
            for (Pair<String, Object> param : params) {
                if (param.getValue() instanceof NDArray array) {
                    arguments.add(array);
                } else if (param.getValue() instanceof AttentionContext context) {
                    context.map(
                            array -> {
                                arguments.add(array);
                                return array;
                            },
                            slot -> slot);
                }
            }
        }
        return arguments;
    }

    /** The names of what a file holds. */
    static List<String> entries(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return zip.stream().map(ZipEntry::getName).toList();
        }
    }

    /** The text of the classes and functions in a file. */
    static String text(Path file) throws IOException {
        StringBuilder text = new StringBuilder();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                if (entry.getName().endsWith(".py")) {
                    byte[] bytes = zip.getInputStream(entry).readAllBytes();
                    text.append(new String(bytes, StandardCharsets.UTF_8));
                }
            }
        }
        return text.toString();
    }
}

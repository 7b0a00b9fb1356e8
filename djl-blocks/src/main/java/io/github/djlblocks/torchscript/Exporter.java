package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.PairList;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.internal.ParameterPaths;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Records one pass of a block and writes it with its parameters. */
final class Exporter {

    private final Block block;
    private final ExportOptions options;

    Exporter(Block block, ExportOptions options) {
        this.block = block;
        this.options = options;
    }

    void write(Path path) throws IOException {
        requirePlace(path.toAbsolutePath());
        archive().write(path);
    }

    private static void requirePlace(Path path) throws IOException {
        Path parent = path.getParent();
        if (parent == null || Files.isDirectory(path)) {
            throw new FileSystemException(
                    path.toString(), null, "is a directory: give the path of a file in it");
        }
        if (!Files.isDirectory(parent)) {
            throw new NoSuchFileException(
                    path.toString(), null, "its directory does not exist: create it first");
        }
    }

    private TorchScriptArchive archive() {
        ModuleTree tree = ModuleTree.of(block);
        Parameter first = ParameterPaths.of(block).values().stream().findFirst().orElse(null);
        if (first != null) {
            return archive(tree, first.getArray().getManager());
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return archive(tree, manager);
        }
    }

    private TorchScriptArchive archive(ModuleTree tree, NDManager manager) {
        try {
            Tracer tracer = new Tracer(manager);
            NDList inputs = new NDList();
            options.inputs()
                    .values()
                    .forEach(input -> inputs.add(tracer.input(input.shape(), input.type())));
            PassArguments given = new PassArguments(inputs, options.params());
            List<String> names = names(given);
            List<NDArray> arrays = new ArrayList<>(inputs);
            for (NDArray example : given.arrays().subList(inputs.size(), names.size())) {
                arrays.add(tracer.input(example.getShape(), example.getDataType()));
            }
            NDList outputs = forward(tracer, inputs, given.traced(arrays, List.of()));
            return ExportedScript.of(block, tree, tracer.finish(outputs), names, options.target());
        } catch (UnsupportedOperationException e) {
            throw new UnsupportedOperationException(
                    tree.kind() + " cannot be exported: " + e.getMessage(), e);
        }
    }

    private List<String> names(PassArguments given) {
        if (!given.caches().isEmpty()) {
            throw new UnsupportedOperationException(
                    "its params hold a key/value cache, and a file has none: export the pass over"
                            + " whole sequences");
        }
        List<String> names = new ArrayList<>(options.inputs().keySet());
        names.addAll(ParamNames.of(options.params()));
        return names;
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private NDList forward(
            Tracer tracer, NDList inputs, @Nullable PairList<String, Object> params) {
        return block.forward(tracer.store(DataType.FLOAT32), inputs, false, params);
    }
}

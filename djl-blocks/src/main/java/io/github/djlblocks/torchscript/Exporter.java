package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Records passes of a block and writes them with its parameters. */
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
        Parameter first = ParameterPaths.of(block).values().stream().findFirst().orElse(null);
        if (first != null && first.isInitialized()) {
            return archive(first.getArray().getManager());
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return archive(manager);
        }
    }

    private TorchScriptArchive archive(NDManager manager) {
        List<RecordedMethod> methods = new ArrayList<>();
        try {
            options.methods()
                    .forEach(
                            (name, method) ->
                                    methods.add(
                                            RecordedMethod.of(
                                                    name, method, method.blockIn(block), manager)));
            FileWeights weights = FileWeights.of(block, methods, options.weights());
            ModuleTree tree = ModuleTree.of(block, weights);
            ExportedScript script = new ExportedScript(tree, weights, options.target());
            methods.forEach(script::add);
            TorchScriptArchive archive = script.archive();
            archive.addExtra(
                    FileDescription.NAME,
                    FileDescription.of(tree.kind(), options.target(), options.weights(), methods));
            options.extraFiles().forEach(archive::addExtra);
            return archive;
        } catch (UnsupportedOperationException e) {
            throw new UnsupportedOperationException(
                    ModuleTree.kind(block) + " cannot be exported: " + e.getMessage(), e);
        }
    }
}

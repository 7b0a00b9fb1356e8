package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Progress;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills the parameters of a block from a checkpoint: all of them, or none.
 *
 * <p>Every parameter must get a tensor of its own shape, and every tensor must be used or ignored
 * by name. All that is wrong is found before anything is allocated, and reported at once. The block
 * must not be initialized, and all its parameters must know their shapes.
 *
 * <p>Tensors are read one at a time into memory the engine owns, so the peak is the size of the
 * loaded parameters and one buffer of at most 64 MiB. A parameter that is not frozen also asks the
 * engine for a gradient: freeze the block first if it is not to be trained. On MXNet a gradient
 * takes as much memory again, and FLOAT16 has none: DJL raises UnsupportedOperationException.
 */
public final class CheckpointLoader {

    private CheckpointLoader() {}

    /**
     * Loads without reporting progress.
     *
     * @param block the block to fill
     * @param source the checkpoint; stays open
     * @param weightMap which tensor belongs to which parameter
     * @param manager the manager of the parameters
     * @param dataType the type of the parameters
     * @param inputShapes the shapes to initialize the block for
     * @return what was loaded, tied and ignored
     * @throws MalformedModelException if checkpoint and block do not fit; the message lists all
     *     faults
     * @throws IllegalStateException if the block is initialized already
     */
    public static LoadReport load(
            Block block,
            TensorSource source,
            WeightMap weightMap,
            NDManager manager,
            DataType dataType,
            Shape... inputShapes)
            throws MalformedModelException {
        return load(block, source, weightMap, manager, dataType, null, inputShapes);
    }

    /**
     * Loads. On any failure the block is as uninitialized as before.
     *
     * @param block the block to fill
     * @param source the checkpoint; stays open
     * @param weightMap which tensor belongs to which parameter
     * @param manager the manager of the parameters
     * @param dataType the type of the parameters
     * @param progress is told of every parameter loaded; null for none
     * @param inputShapes the shapes to initialize the block for
     * @return what was loaded, tied and ignored
     * @throws MalformedModelException if checkpoint and block do not fit; the message lists all
     *     faults
     * @throws IllegalStateException if the block is initialized already
     */
    public static LoadReport load(
            Block block,
            TensorSource source,
            WeightMap weightMap,
            NDManager manager,
            DataType dataType,
            @Nullable Progress progress,
            Shape... inputShapes)
            throws MalformedModelException {
        LoadPlan plan = plan(block, source, weightMap, dataType);
        LoadReport report = plan.report();
        fill(block, plan, report, source, manager, dataType, progress, inputShapes);
        return report;
    }

    /**
     * Checks everything that {@link #load} checks, and reads no value: the block stays as it is.
     *
     * @param block the block a checkpoint is for
     * @param source the checkpoint; stays open
     * @param weightMap which tensor belongs to which parameter
     * @param dataType the type the tensors are to be read as
     * @return what would be loaded, tied and ignored
     * @throws MalformedModelException if checkpoint and block do not fit; the message lists all
     *     faults
     * @throws IllegalStateException if the block is initialized already
     */
    public static LoadReport check(
            Block block, TensorSource source, WeightMap weightMap, DataType dataType)
            throws MalformedModelException {
        return plan(block, source, weightMap, dataType).report();
    }

    private static LoadPlan plan(
            Block block, TensorSource source, WeightMap weightMap, DataType dataType)
            throws MalformedModelException {
        ParameterPaths.of(block).forEach(CheckpointLoader::requireEmpty);
        LoadPlan plan = new LoadPlan(block, source, weightMap, dataType);
        LoadReport report = plan.report();
        if (report.hasFaults()) {
            throw new MalformedModelException(
                    source
                            + " does not fit the block: correct the weight map, or the sizes the"
                            + " block is built with\n"
                            + report);
        }
        return plan;
    }

    private static void fill(
            Block block,
            LoadPlan plan,
            LoadReport report,
            TensorSource source,
            NDManager manager,
            DataType dataType,
            @Nullable Progress progress,
            Shape[] inputShapes) {
        Map<Parameter, Initializer> initializers = new HashMap<>();
        Set<String> read = new HashSet<>();
        boolean filled = false;
        try {
            if (progress != null) {
                progress.reset("Loading parameters", report.loaded().size());
                progress.start(0);
            }
            plan.parameters()
                    .forEach(
                            (path, parameter) -> {
                                initializers.put(parameter, parameter.getInitializer());
                                Initializer reading = reading(path, report, source, progress);
                                parameter.setInitializer(
                                        (owner, shape, type) -> {
                                            read.add(path);
                                            return reading.initialize(owner, shape, type);
                                        });
                            });
            block.initialize(manager, dataType, inputShapes);
            plan.parameters().forEach(CheckpointLoader::requireFilled);
            plan.parameters().keySet().forEach(path -> requireRead(path, read));
            if (progress != null) {
                progress.end();
            }
            filled = true;
        } finally {
            initializers.forEach(Parameter::setInitializer);
            if (!filled) {
                block.clear();
            }
        }
    }

    private static Initializer reading(
            String path, LoadReport report, TensorSource source, @Nullable Progress progress) {
        String tensor = report.loaded().get(path);
        if (tensor == null) {
            throw new IllegalStateException("no tensor planned for " + path);
        }
        return (manager, shape, type) -> {
            Shape stored = source.info(tensor).shape();
            if (!shape.equals(stored)) {
                throw new IllegalStateException(
                        "parameter "
                                + path
                                + " changed its shape to "
                                + shape
                                + " when it was initialized, but tensor '"
                                + tensor
                                + "' has "
                                + stored
                                + ": its block must set the shape when it is constructed");
            }
            NDArray array = source.read(tensor, manager, type);
            boolean reported = false;
            try {
                if (progress != null) {
                    progress.increment(1);
                }
                reported = true;
                return array;
            } finally {
                if (!reported) {
                    array.close(); // No parameter holds it yet, so clear() would not find it.
                }
            }
        };
    }

    private static void requireEmpty(String path, Parameter parameter) {
        if (parameter.isInitialized()) {
            throw new IllegalStateException(
                    "parameter " + path + " is initialized already: clear() the block first");
        }
    }

    private static void requireRead(String path, Set<String> read) {
        if (!read.contains(path)) {
            throw new IllegalStateException(
                    "parameter "
                            + path
                            + " was not read: its block brings values of its own when it is"
                            + " initialised; load its values into it by its own means");
        }
    }

    private static void requireFilled(String path, Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new IllegalStateException(
                    "parameter "
                            + path
                            + " was not initialized by its block: initializeChildBlocks must reach"
                            + " every child");
        }
    }
}

package io.github.djlblocks.hybrid;

import ai.djl.MalformedModelException;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.checkpoint.ArrayTensors;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.FrozenParameters;
import io.github.djlblocks.internal.Checks;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A TorchScript module, whole or a part of a model, as a DJL block on engine PyTorch.
 *
 * <pre>{@code
 * Block body = TorchScriptBlock.builder()
 *         .setFile(Path.of("encoder.pt"))
 *         .addInput("ids", new Shape(-1, -1), DataType.INT64)
 *         .build();
 * Block model = new SequentialBlock().add(body).add(head);
 * }</pre>
 *
 * <p>The names, types and shapes of its tensors are read from the file at once; the module is
 * loaded by {@link #initialize} or {@link #loadParameters}, and ends with the manager given there.
 * Parameters have the names of the {@code state_dict}. They are frozen unless the builder says
 * otherwise, and what is frozen is {@linkplain FrozenParameters frozen for good}: also when DJL
 * makes a trainer for a model that was loaded.
 *
 * <p>What a method returns is flattened: a tuple in its order, a list in its order, a dictionary in
 * the order of its keys, from the outside in. An output is named by its place: {@code output} for a
 * single tensor, {@code 0}, {@code 1}, {@code hidden}, {@code 1.key}. Outputs in BFLOAT16 and
 * INT16, which DJL's engine cannot hold, come as FLOAT32 and INT32.
 *
 * <p>In a pass for inference the module is in its inference mode, and gives no gradients; any
 * number of threads may run it. In a training pass it is in training mode, and gradients go through
 * it to its trainable parameters and to its inputs; such a pass is alone in the module. Tensors
 * that a module has at two places are one tensor, as they were when it was written.
 *
 * <p>It cannot be compiled into a pass of {@link io.github.djlblocks.torchscript.TorchScript}: a
 * block around it then runs block by block.
 */
public final class TorchScriptBlock extends AbstractBaseBlock {

    private final SharedModule module;
    private final ScriptClass.Method method;
    private final List<InputSpec> inputs;
    private final boolean trainMode;
    private final String code;
    private final ShapeRuns runs;
    private final ModuleInputs checks;

    TorchScriptBlock(SharedModule module, String name, TorchScriptBlockBuilder.Options options) {
        this.module = module;
        method = module.archive().method(name);
        ArgumentCode arguments =
                new ArgumentCode(
                        method,
                        new ScriptOutputs(module.archive().classes()),
                        options.inputs(),
                        options.constants());
        inputs = arguments.inputs();
        trainMode = options.trainMode();
        code = PartCode.of(module.archive(), arguments, method);
        module.addCode(code);
        runs = new ShapeRuns(module, code, inputs);
        checks = new ModuleInputs(module, method, inputs);
        inputNames = inputs.stream().map(InputSpec::name).toList();
    }

    /**
     * Starts a block.
     *
     * @return a new builder
     */
    public static TorchScriptBlockBuilder builder() {
        return new TorchScriptBlockBuilder(null);
    }

    /**
     * Starts another block of the same module, by custom for another of its methods. The two have
     * the same parameters, and are loaded and trained together.
     *
     * @param name the method
     * @return a builder that has the file and the parameters of this block
     * @throws IllegalArgumentException if the module has no such method
     */
    public TorchScriptBlockBuilder method(String name) {
        module.archive().method(name);
        return new TorchScriptBlockBuilder(module).optMethod(name);
    }

    /**
     * Returns the methods of the module.
     *
     * @return their declarations as TorchScript has them, by name
     */
    public Map<String, String> methods() {
        Map<String, String> methods = new LinkedHashMap<>();
        module.archive()
                .root()
                .methods()
                .forEach((name, each) -> methods.put(name, each.toString()));
        return Collections.unmodifiableMap(methods);
    }

    /**
     * Freezes and unfreezes parameters.
     *
     * @param trainable whether the parameter of a name is trained
     */
    public void setTrainable(Predicate<String> trainable) {
        module.setTrainable(trainable);
    }

    /** Freezes or unfreezes all parameters, those too that are frozen for good. */
    @Override
    public void freezeParameters(boolean freeze) {
        module.setTrainable(name -> !freeze);
    }

    /**
     * Returns the values of the {@code state_dict}, parameters and buffers, as a checkpoint: what
     * {@link io.github.djlblocks.checkpoint.CheckpointLoader} fills a block defined in Java from. A
     * tensor that the module has at two places is there by the first; those of type BFLOAT16 and
     * INT16, which DJL's engine cannot hold, are left out.
     *
     * @return the tensors as they are when they are read
     * @throws IllegalStateException if the module is not loaded
     */
    public TensorSource state() {
        Map<String, NDArray> arrays = new LinkedHashMap<>(module.state());
        module.archive().state().stream()
                .filter(entry -> entry.sameAs() != null)
                .forEach(entry -> arrays.remove(entry.path()));
        return new ArrayTensors(module.toString(), arrays);
    }

    /**
     * Writes the values of the {@code state_dict} from a checkpoint, such as {@link
     * ArrayTensors#of} of a block defined in Java: all of them, or none.
     *
     * @param source the tensors
     * @param map which tensor belongs to which name of the {@code state_dict}
     * @param kept names of the {@code state_dict} that keep their values, as buffers that a block
     *     in Java does not have
     * @return what was loaded, tied and ignored
     * @throws MalformedModelException if the two do not fit; the message lists all faults
     * @throws IllegalArgumentException if a tensor cannot be read as the type it has in the module
     * @throws IllegalStateException if the module is not loaded
     */
    public LoadReport loadState(TensorSource source, WeightMap map, Predicate<String> kept)
            throws MalformedModelException {
        return new StateLoad(module.archive().state(), source, map, kept).into(module);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        checks.require(inputs);
        NativePart part = module.part(code);
        checks.requireDevice(inputs, part.device());
        boolean graph =
                training
                        && (trainMode
                                || module.trains()
                                || inputs.stream().anyMatch(NDArray::hasGradient));
        NDManager results = inputs.get(0).getManager();
        try {
            NativePart.Outputs outputs =
                    graph ? part.train(inputs, results, trainMode) : part.infer(inputs, results);
            for (int i = 0; i < outputs.arrays().size(); i++) {
                outputs.arrays().get(i).setName(outputs.names().get(i));
            }
            return outputs.arrays();
        } catch (EngineException e) {
            throw new IllegalArgumentException(
                    "method "
                            + method
                            + " of "
                            + module
                            + " failed on "
                            + inputs.stream()
                                    .map(x -> x.getDataType() + " " + x.getShape())
                                    .collect(Collectors.joining(", "))
                            + ": "
                            + EngineErrors.reason(e),
                    e);
        }
    }

    /**
     * Finds the shapes of the outputs by a run on zeros of the inputs' declared types, or where
     * none are declared of the first among FLOAT32, INT64 and BOOLEAN that run. An axis of -1 may
     * be of any size; outputs have -1 where their size depends on it.
     *
     * @param inputShapes the shapes of the inputs
     * @return the shapes of the outputs
     * @throws IllegalArgumentException if this block cannot take such inputs
     */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checks.requireShapes(inputShapes);
        return runs.of(inputShapes, null).shapes().toArray(Shape[]::new);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes, DataType @Nullable [] inputDataTypes) {
        checks.requireShapes(inputShapes);
        return runs.of(inputShapes, inputDataTypes).shapes().toArray(Shape[]::new);
    }

    /**
     * Loads the module, if it is not loaded, and runs it once on zeros of these shapes.
     *
     * @param manager of engine PyTorch; the module is on its device and ends with it
     * @param dataType the type of parameters of other blocks; those of a module have theirs
     * @param inputShapes the shapes of the inputs
     * @throws IllegalArgumentException if the manager is of another engine, this build of PyTorch
     *     cannot load the module, or it does not run on such inputs; nothing stays loaded then that
     *     was not before
     * @throws IllegalStateException if the file cannot be read any more
     */
    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
        requirePyTorch(manager);
        checks.requireShapes(inputShapes);
        boolean wasLoaded = module.isLoaded();
        boolean fits = false;
        try {
            module.load(manager);
            ShapeRuns.Result result = runs.of(inputShapes, null);
            outputDataTypes = result.types().toArray(DataType[]::new);
            this.inputShapes = inputShapes.clone();
            module.parameters();
            fits = true;
        } finally {
            if (!fits && !wasLoaded) {
                module.close();
            }
        }
    }

    private static void requirePyTorch(NDManager manager) {
        String engine = manager.getEngine().getEngineName();
        if (!engine.equals("PyTorch")) {
            throw new IllegalArgumentException(
                    "a TorchScriptBlock runs on engine PyTorch, but the manager is of "
                            + engine
                            + ": put it into an EnginePart for PyTorch");
        }
    }

    @Override
    public boolean isInitialized() {
        return module.isLoaded() && inputShapes != null;
    }

    /** Takes the module out of memory; it can be initialised again, with the values of the file. */
    @Override
    public void clear() {
        module.close();
    }

    @Override
    public BlockList getChildren() {
        return new BlockList();
    }

    /**
     * Returns the parameters by their names in the {@code state_dict}; one that the module has at
     * two places is there by both. Parameters that are not of type FLOAT16, FLOAT32 or FLOAT64 are
     * left out; they stay what they are.
     *
     * @return name to parameter
     */
    @Override
    public ParameterList getDirectParameters() {
        ParameterList list = new ParameterList();
        module.parameters().forEach(list::add);
        return list;
    }

    /**
     * Describes the inputs.
     *
     * @return name to shape: as declared, or else as initialised, or without axes
     */
    @Override
    public PairList<String, Shape> describeInput() {
        PairList<String, Shape> described = new PairList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Shape shape = inputs.get(i).shape();
            if (shape == null) {
                shape = inputShapes == null ? new Shape() : inputShapes[i];
            }
            described.add(inputs.get(i).name(), shape);
        }
        return described;
    }

    /**
     * Describes the outputs for the shapes that {@link #describeInput} gives.
     *
     * @return name to shape
     * @throws IllegalArgumentException if the module does not run on inputs of such shapes
     */
    public PairList<String, Shape> describeOutput() {
        Shape[] shapes = describeInput().stream().map(Pair::getValue).toArray(Shape[]::new);
        ShapeRuns.Result result = runs.of(shapes, null);
        return new PairList<>(result.names(), result.shapes());
    }

    /**
     * Writes the module as it is now as a TorchScript file, which Python loads as it loaded the
     * first one.
     *
     * @param file the file; replaced if it exists, or left alone if anything fails
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the module is not loaded
     */
    public void save(Path file) throws IOException {
        ModuleStream.save(module, code, file);
    }

    /**
     * Writes the whole module, values and code.
     *
     * @param os where to
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the module is not loaded
     */
    @Override
    public void saveParameters(DataOutputStream os) throws IOException {
        ModuleStream.write(module, code, inputShapes, os);
    }

    /**
     * Reads what {@link #saveParameters} wrote, into a block of the same module. Where it fails the
     * block is as before.
     *
     * @param manager of engine PyTorch; the module is on its device and ends with it
     * @param is what was saved
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is of another module
     */
    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        requirePyTorch(manager);
        inputShapes = ModuleStream.read(module, manager, is);
    }

    /**
     * Is not supported: a module has the types it was written with.
     *
     * @param dataType a type
     * @throws UnsupportedOperationException always
     */
    @Override
    public void cast(DataType dataType) {
        Checks.floating(dataType);
        throw new UnsupportedOperationException(
                module + " cannot be cast to " + dataType + ": write it anew from Python");
    }

    @Override
    public String toString() {
        return "TorchScriptBlock(" + module + ", " + method + ", inputs " + inputs + ")";
    }
}

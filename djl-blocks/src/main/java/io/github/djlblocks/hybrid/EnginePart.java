package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.KernelSource;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A block that runs on an engine of its own inside a model on another, as a head on MXNet behind a
 * TorchScript body on PyTorch.
 *
 * <p>Inputs are handed over through Java's memory to the engine of the part, and its outputs back
 * to that of the inputs: one copy of each array each way, which {@link #handovers} counts. Types
 * that go over are FLOAT64, FLOAT32, FLOAT16, INT64, INT32, INT8, UINT8 and BOOLEAN.
 *
 * <p>Gradients end here. A training pass is refused, unless the builder is told {@link
 * Builder#optStopGradient}: then the part runs for inference, what is before it gets no gradient
 * through it, and what is behind it is trained. The parameters of the part are no parameters of
 * this block, as no trainer of the other engine could keep them: they are at {@link #getBlock}.
 */
public final class EnginePart extends AbstractBaseBlock {

    private static final int MAGIC = 0x454e4750;

    private final Block block;
    private final String engineName;
    private final Device device;
    private final boolean stopsGradient;
    private final Handovers handovers = new Handovers();
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private @Nullable Place place;

    private EnginePart(Builder builder) {
        if (builder.block == null || builder.engineName == null) {
            throw new IllegalArgumentException(
                    "setBlock and setEngine are both needed: which block runs, and on what engine");
        }
        block = builder.block;
        engineName = builder.engineName;
        device = builder.device;
        stopsGradient = builder.stopsGradient;
        if (!Engine.hasEngine(engineName)) {
            throw new IllegalArgumentException(
                    "engine "
                            + engineName
                            + " is not there, but "
                            + Engine.getAllEngines()
                            + ": add its library to the class path");
        }
    }

    /** Where the part lives; ends with the manager it was initialised on. */
    private final class Place implements AutoCloseable {

        private final NDManager owner;
        private final NDManager manager;
        private final String id = NDManager.nextUid();

        Place(NDManager owner) {
            this.owner = owner;
            manager = Engine.getEngine(engineName).newBaseManager(device);
            manager.setName("engine part");
            owner.attachInternal(id, this);
        }

        /** Waits for passes that run: an array freed under one ends the process. */
        @Override
        public void close() {
            lock.writeLock().lock();
            try {
                owner.detachInternal(id);
                block.clear();
                manager.close();
            } finally {
                lock.writeLock().unlock();
            }
        }
    }

    /**
     * Starts a part.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the block that runs on the other engine.
     *
     * @return the block, with its parameters
     */
    public Block getBlock() {
        return block;
    }

    /**
     * Returns what was handed over so far.
     *
     * @return the counts, of this moment
     */
    public HandoverCount handovers() {
        return handovers.count();
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        requireArrays(inputs);
        if (params != null && !params.isEmpty()) {
            throw new UnsupportedOperationException(
                    "params "
                            + params.keys()
                            + " cannot be handed over to engine "
                            + engineName
                            + ": give what the part needs as inputs");
        }
        if (training && !stopsGradient) {
            throw new IllegalStateException(
                    "gradients end at the border to engine "
                            + engineName
                            + ", so this part and what is before it cannot be trained through it:"
                            + " train them apart, or say optStopGradient(true)");
        }
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(
                    "a part on engine " + engineName + " needs an input");
        }
        NDManager results = inputs.get(0).getManager();
        lock.readLock().lock();
        try (NDManager own = manager().newSubManager()) {
            NDList over = handovers.all(inputs, own);
            NDList outputs = block.forward(new ParameterStore(own, false), over, false);
            return handovers.all(outputs, results);
        } finally {
            lock.readLock().unlock();
        }
    }

    private static void requireArrays(NDList inputs) {
        if (inputs.stream().anyMatch(KernelSource.class::isInstance)) {
            throw new UnsupportedOperationException(
                    "a part on another engine cannot be written into a script");
        }
    }

    private NDManager manager() {
        Place now = place;
        if (now == null || !now.manager.isOpen()) {
            throw new IllegalStateException(
                    "the part on engine "
                            + engineName
                            + " is not initialised, or its manager is closed: call initialize");
        }
        return now.manager;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return block.getOutputShapes(inputShapes);
    }

    /**
     * Initialises the block of the part on its engine.
     *
     * @param manager of any engine; the part ends with it
     * @param dataType the type of its parameters
     * @param inputShapes the shapes of the inputs
     */
    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
        beforeInitialize(inputShapes);
        if (place == null || !place.manager.isOpen()) {
            place = new Place(manager);
        }
        block.initialize(place.manager, dataType, inputShapes);
    }

    @Override
    public boolean isInitialized() {
        return place != null && place.manager.isOpen() && block.isInitialized();
    }

    @Override
    public void clear() {
        if (place != null) {
            place.close();
            place = null;
        }
    }

    @Override
    public BlockList getChildren() {
        return new BlockList();
    }

    @Override
    public ParameterList getDirectParameters() {
        return new ParameterList();
    }

    /**
     * Writes the parameters of the block that runs on the other engine.
     *
     * @param os where to
     * @throws IOException if it cannot be written
     */
    @Override
    public void saveParameters(DataOutputStream os) throws IOException {
        os.writeInt(MAGIC);
        block.saveParameters(os);
    }

    /**
     * Reads what {@link #saveParameters} wrote, onto the engine of the part.
     *
     * @param manager of any engine; the part ends with it
     * @param is what was saved
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it was saved by another block
     */
    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        if (is.readInt() != MAGIC) {
            throw new MalformedModelException(
                    "what is read was not saved by an EnginePart: the blocks must be those that"
                            + " were saved, in the same order");
        }
        if (place == null || !place.manager.isOpen()) {
            place = new Place(manager);
        }
        block.loadParameters(place.manager, is);
    }

    /** Builds an {@link EnginePart}. */
    public static final class Builder {

        private @Nullable Block block;
        private @Nullable String engineName;
        private Device device = Device.cpu();
        private boolean stopsGradient;

        private Builder() {}

        /**
         * Sets the block that runs on the other engine.
         *
         * @param newBlock the block
         * @return this builder
         */
        public Builder setBlock(Block newBlock) {
            block = newBlock;
            return this;
        }

        /**
         * Sets the engine.
         *
         * @param name as DJL calls it: {@code PyTorch}, {@code MXNet}
         * @return this builder
         */
        public Builder setEngine(String name) {
            engineName = name;
            return this;
        }

        /**
         * Sets the device of the part.
         *
         * @param newDevice the CPU by default
         * @return this builder
         */
        public Builder optDevice(Device newDevice) {
            device = newDevice;
            return this;
        }

        /**
         * Sets whether a training pass runs the part for inference and lets no gradient through.
         *
         * @param newStopsGradient false by default: a training pass is refused
         * @return this builder
         */
        public Builder optStopGradient(boolean newStopsGradient) {
            stopsGradient = newStopsGradient;
            return this;
        }

        /**
         * Builds the part.
         *
         * @return the part
         * @throws IllegalArgumentException if block or engine are not set, or there is no such
         *     engine
         */
        public EnginePart build() {
            return new EnginePart(this);
        }
    }
}

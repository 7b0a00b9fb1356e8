package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors that the passes of a block share. Weights are the arrays of the parameters
 * themselves, or packed in a format, each as its pass first needs it. It may be used by many
 * threads.
 */
final class WeightStore implements AutoCloseable {

    /** Tensors, or a packed weight, as one native value. */
    static final class Piece {
        private final boolean tensors;
        private final int parts;
        private final boolean lasting;
        private final @Nullable Parameter parameter;
        private IValue value;
        private @Nullable PtNDArray live;
        private int arrays = 1;
        private boolean replaced;
        private int users;

        private Piece(boolean tensors, int parts, IValue value, boolean lasting) {
            this(tensors, parts, value, lasting, null, null);
        }

        private Piece(
                boolean tensors,
                int parts,
                IValue value,
                boolean lasting,
                @Nullable Parameter parameter,
                @Nullable PtNDArray live) {
            this.tensors = tensors;
            this.parts = parts;
            this.value = value;
            this.lasting = lasting;
            this.parameter = parameter;
            this.live = live;
        }

        boolean isTensors() {
            return tensors;
        }

        /** Whether it is the array of a parameter, which may be given another. */
        boolean isLive() {
            return parameter != null;
        }

        /** How many tensors it is. */
        int parts() {
            return parts;
        }
    }

    /** A weight as kernels take it. */
    record Stored(KernelChoice.Choice choice, Piece piece) {}

    /** Parameters that a later call may have. */
    static final class MissingWeights extends UnsupportedOperationException {
        private static final long serialVersionUID = 1L;

        MissingWeights(String message) {
            super(message);
        }
    }

    /** Parameters became others than those that were printed. */
    static final class OtherWeights extends UnsupportedOperationException {
        private static final long serialVersionUID = 1L;

        OtherWeights(String message) {
            super(message);
        }
    }

    /** After so many bytes packed, what packing has freed goes back. */
    private static final long TRIMMED = 16 << 20;

    private final PtNDManager manager;
    private final PtNDManager host;
    private final WeightPlan plan;
    private final ScriptModule module;
    private final List<Piece> pieces = new ArrayList<>();
    private final Map<Object, Piece> known = new HashMap<>();
    private final Map<Object, Stored> stored = new HashMap<>();
    private long untrimmed;

    /** Its manager is its own: that of a user may be closed while calls read weights. */
    WeightStore(Device device, WeightPlan plan) {
        manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
        host = manager.newSubManager(Device.cpu());
        this.plan = plan;
        module = new ScriptModule(manager, ScriptLibrary.storing());
    }

    WeightPlan plan() {
        return plan;
    }

    /**
     * A list {@code w}.
     *
     * @throws OtherWeights if a parameter was given an array of another type or shape since
     */
    synchronized IValue tensors(List<Piece> wanted) {
        for (Piece piece : wanted) {
            if (piece.replaced && piece.parameter != null) {
                throw others(piece.parameter);
            }
        }
        return list("no_tensors", "add_tensors", wanted, true);
    }

    /** A list {@code p}. */
    synchronized IValue packed(List<Piece> wanted) {
        return list("no_packed", "add_packed", wanted, false);
    }

    private OtherWeights others(Parameter parameter) {
        PtNDArray now = ParameterArrays.of(parameter);
        return new OtherWeights(
                "parameter "
                        + plan.name(parameter)
                        + " is "
                        + now.getDataType()
                        + now.getShape()
                        + " now, others were compiled");
    }

    private IValue list(String none, String add, List<Piece> wanted, boolean ofTensors) {
        try (IValue zero = IValue.from(0L)) {
            IValue list = module.call(none, zero);
            boolean filled = false;
            try {
                for (Piece piece : wanted) {
                    if (piece.tensors == ofTensors) {
                        module.call(add, list, piece.value).close();
                    }
                }
                filled = true;
                return list;
            } finally {
                if (!filled) {
                    list.close();
                }
            }
        }
    }

    /** A parameter in the type of activations. */
    synchronized Piece tensor(Parameter parameter) {
        return plan.isPacked() ? copied(parameter) : live(parameter);
    }

    private Piece live(Parameter parameter) {
        Piece piece = known.get(parameter);
        PtNDArray array = ParameterArrays.of(parameter);
        if (piece != null && piece.live != null && isLike(piece.live, array)) {
            refresh(piece);
            return piece;
        }
        if (piece != null) {
            // Passes that were printed for it are refused from now on.
            piece.replaced = true;
            piece.value.close();
            pieces.remove(piece);
        }
        piece =
                kept(
                        new Piece(
                                true,
                                1,
                                IValue.listFrom(array),
                                plan.isOwn(parameter),
                                parameter,
                                array));
        known.put(parameter, piece);
        return piece;
    }

    private Piece copied(Parameter parameter) {
        Piece piece = known.get(parameter);
        if (piece != null) {
            return piece;
        }
        WeightFormat format = plan.rawFormat();
        boolean half = format.equals(WeightFormat.BFLOAT16);
        WeightHolder holder = half ? WeightHolder.PLAIN_BFLOAT16 : WeightHolder.PLAIN;
        Shape shape = parameter.getShape();
        int columns = ParameterArrays.width(parameter);
        int rows = Math.toIntExact(shape.size() / columns);
        try (NDArray codes = host.zeros(shape, StoredShapes.type(format));
                NDArray none = host.zeros(new Shape(0), DataType.FLOAT16)) {
            fill(format, List.of(parameter), rows, columns, codes, none);
            piece = pack(holder, codes, none, List.of(parameter));
        }
        known.put(parameter, piece);
        return piece;
    }

    /** Vectors behind each other, of what is here: the source of a packed one may be gone. */
    synchronized Piece joined(List<Parameter> vectors) {
        if (vectors.size() == 1) {
            return tensor(vectors.get(0));
        }
        Piece piece = known.get(vectors);
        if (piece == null) {
            try (IValue all = tensors(vectors.stream().map(this::tensor).toList())) {
                IValue parts = module.call("join_vectors", all);
                piece = kept(new Piece(true, 1, parts, plan.areOwn(vectors)));
            }
            known.put(vectors, piece);
        }
        return piece;
    }

    /** Numbers. */
    synchronized Piece numbers(ScriptWriter.Numbers numbers) {
        Piece piece = known.get(numbers);
        if (piece != null) {
            return piece;
        }
        double[] values = numbers.values().stream().mapToDouble(Double::doubleValue).toArray();
        Shape shape = new Shape(numbers.shape().stream().mapToLong(Long::longValue).toArray());
        try (NDArray wide = manager.create(values, shape);
                // The numbers lie over an array of Java's, which may be freed: a copy does not.
                NDArray own =
                        numbers.type() == DataType.FLOAT64
                                ? wide.duplicate()
                                : wide.toType(numbers.type(), true)) {
            piece = kept(new Piece(true, 1, IValue.listFrom((PtNDArray) own), true));
        }
        known.put(numbers, piece);
        return piece;
    }

    /** The kernels of weights below each other, which are timed if they are the first so large. */
    KernelChoice.Choice choose(List<Parameter> weights, WeightFormat format, KernelChoice.Mix mix) {
        return plan.kernels()
                .choose(
                        format,
                        ParameterArrays.height(weights),
                        ParameterArrays.width(weights.get(0)),
                        mix);
    }

    /**
     * Weights (out, in) below each other, packed for the kernels of their format, once for all
     * passes.
     *
     * @param mix how they will be used, for the pass that comes first
     */
    synchronized Stored linear(List<Parameter> weights, WeightFormat format, KernelChoice.Mix mix) {
        List<Object> key = new ArrayList<>(weights);
        key.add(format);
        Stored before = stored.get(key);
        if (before != null) {
            return before;
        }
        int in = ParameterArrays.width(weights.get(0));
        int out = ParameterArrays.height(weights);
        KernelChoice.Choice choice = choose(weights, format, mix);
        Stored made;
        try (NDArray codes =
                        host.zeros(StoredShapes.codes(format, out, in), StoredShapes.type(format));
                NDArray scales =
                        host.zeros(StoredShapes.scales(format, out, in), DataType.FLOAT16)) {
            fill(format, weights, out, in, codes, scales);
            made = new Stored(choice, pack(choice.holder(), codes, scales, weights));
        }
        stored.put(key, made);
        untrimmed += format.byteSize(out, in);
        if (untrimmed > TRIMMED) {
            NativeHeap.trim();
            untrimmed = 0;
        }
        return made;
    }

    /** What was filled in from the processor, on the device of the passes. */
    private Piece pack(
            WeightHolder holder, NDArray codes, NDArray scales, List<Parameter> weights) {
        try (NDArray placedCodes = codes.toDevice(manager.getDevice(), false);
                NDArray placedScales = scales.toDevice(manager.getDevice(), false);
                IValue c = IValue.from((PtNDArray) placedCodes);
                IValue s = IValue.from((PtNDArray) placedScales)) {
            IValue parts = module.call(holder.pack(), c, s);
            return kept(
                    new Piece(
                            holder.isTensors(),
                            holder.parts().size(),
                            parts,
                            plan.areOwn(weights)));
        }
    }

    private Piece kept(Piece piece) {
        pieces.add(piece);
        return piece;
    }

    /** Says that a pass has a piece, until it {@linkplain #release releases} it. */
    synchronized void use(Piece piece) {
        piece.users++;
    }

    /**
     * Takes back the pieces of a pass that is over. Those of the block stay, for their source may
     * be gone when another pass needs them; those of adapters go with the last pass that had them.
     */
    synchronized void release(List<Piece> given) {
        for (Piece piece : given) {
            piece.users--;
            if (piece.users == 0 && !piece.lasting) {
                piece.value.close();
                pieces.remove(piece);
                known.values().remove(piece);
                stored.values().removeIf(made -> made.piece().equals(piece));
            }
        }
    }

    /** Fills in codes and scales: a buffer ends at 2 GB, so those of more are filled in parts. */
    private void fill(
            WeightFormat format,
            List<Parameter> weights,
            int out,
            int in,
            NDArray codes,
            NDArray scales) {
        List<WeightRows> sources = weights.stream().map(plan.source()::rows).toList();
        List<Integer> heights =
                weights.stream().map(w -> Math.toIntExact(w.getShape().size() / in)).toList();
        WeightRows rows = CodeFiller.below(sources, heights);
        new CodeFiller(format, plan.name(weights.get(0)), CodeFiller.LARGEST_BUFFER)
                .fill(out, in, rows, codes, scales);
    }

    private static boolean isLike(PtNDArray before, PtNDArray now) {
        return !before.isReleased()
                && now.getDataType() == before.getDataType()
                && now.getShape().equals(before.getShape());
    }

    /**
     * Takes the array that a parameter was given since.
     *
     * @return how many arrays it had
     * @throws MissingWeights if there is none now
     * @throws OtherWeights if it is of another type or shape
     */
    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    synchronized int refresh(Piece piece) {
        PtNDArray before = piece.live;
        Parameter parameter = piece.parameter;
        if (before == null || parameter == null) {
            return piece.arrays;
        }
        PtNDArray now = ParameterArrays.of(parameter);
        if (now == before && !piece.replaced) {
            return piece.arrays;
        }
        if (piece.replaced || !isLike(before, now)) {
            throw others(parameter);
        }
        piece.value.close();
        piece.value = IValue.listFrom(now);
        piece.live = now;
        return ++piece.arrays;
    }

    @Override
    public synchronized void close() {
        pieces.forEach(piece -> piece.value.close());
        pieces.clear();
        module.close();
        manager.close();
    }
}

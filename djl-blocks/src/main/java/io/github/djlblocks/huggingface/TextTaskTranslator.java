package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.HeadedEncoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** From texts to the inputs of an encoder, and from its outputs to results: a batch at a time. */
abstract class TextTaskTranslator<I, O> implements Translator<I, O> {

    private static final String BATCH = "batch";

    /** What is kept of a batch while it runs. */
    record Batch<I>(List<I> inputs, List<Encoding> encodings, NDList arrays) {}

    private final ModelDescription model;
    private final boolean truncates;
    private @Nullable TextEncoder encoder;

    TextTaskTranslator(ModelDescription model, Map<String, ?> arguments, boolean truncates) {
        this.model = model;
        Object truncation = arguments.get("truncation");
        this.truncates =
                truncation == null ? truncates : Boolean.parseBoolean(truncation.toString());
    }

    /** The tokens of an input. */
    abstract Encoding encode(TextEncoder texts, I input);

    /** One result for each input. */
    abstract List<O> results(Batch<I> batch, NDList outputs);

    /** The most tokens of an input. */
    int longest() {
        return model.contextLength();
    }

    final ModelDescription model() {
        return model;
    }

    /** Whether a block gives what this task needs. */
    boolean takes(Block block) {
        return block instanceof HeadedEncoder;
    }

    @Override
    public Batchifier getBatchifier() {
        return Batchifier.STACK;
    }

    @Override
    public synchronized void prepare(TranslatorContext context) throws IOException {
        if (encoder != null) {
            return;
        }
        Model loaded = context.getModel();
        Block block = loaded.getBlock();
        if (!takes(block)) {
            throw new IllegalArgumentException(
                    "the block is a "
                            + block.getClass().getSimpleName()
                            + ", but this task runs "
                            + (takesHead()
                                    ? "a HeadedEncoder"
                                    : "an Encoder: set argument head to false")
                            + "; use the criteria of TextTasks");
        }
        Encoder below =
                block instanceof HeadedEncoder headed ? headed.getEncoder() : (Encoder) block;
        TextEncoder made = TextEncoder.of(loaded.getModelPath(), below, longest(), truncates);
        // The model outlives its predictors and their translators: it frees the tokenizer.
        loaded.getNDManager().attachInternal(NDManager.nextUid(), made);
        encoder = made;
    }

    private boolean takesHead() {
        return !(this instanceof EmbeddingTranslator);
    }

    final TextEncoder texts() {
        return Objects.requireNonNull(encoder, "prepare was not called");
    }

    @Override
    public NDList batchProcessInput(TranslatorContext context, List<I> inputs) {
        List<Encoding> encodings = new ArrayList<>();
        for (I input : inputs) {
            encodings.add(encode(texts(), input));
        }
        NDList arrays = texts().inputs(context.getNDManager(), encodings);
        context.setAttachment(BATCH, new Batch<>(inputs, encodings, arrays));
        return arrays;
    }

    @Override
    @SuppressWarnings("unchecked") // what batchProcessInput put there
    public List<O> batchProcessOutput(TranslatorContext context, NDList list) {
        return results((Batch<I>) context.getAttachment(BATCH), list);
    }

    @Override
    public NDList processInput(TranslatorContext context, I input) {
        return batchProcessInput(context, List.of(input));
    }

    @Override
    public O processOutput(TranslatorContext context, NDList list) {
        return batchProcessOutput(context, list).get(0);
    }

    /** The rows of an array (B, ...). */
    static float[][] rows(NDArray array) {
        float[] all = array.toType(DataType.FLOAT32, false).toFloatArray();
        int batch = Math.toIntExact(array.getShape().get(0));
        int width = all.length / batch;
        float[][] rows = new float[batch][width];
        for (int row = 0; row < batch; row++) {
            System.arraycopy(all, row * width, rows[row], 0, width);
        }
        return rows;
    }
}

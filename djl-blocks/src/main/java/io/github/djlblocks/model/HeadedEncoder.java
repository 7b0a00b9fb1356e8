package io.github.djlblocks.model;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/**
 * An encoder with the head of a task on top.
 *
 * <p>Inputs and params are those of {@link Encoder}. Outputs: those of the head, of {@link
 * #withPooler} after that of the encoder; then what the encoder gave after its output, if asked
 * for: hidden states, attention weights.
 */
public final class HeadedEncoder extends KernelBlock {

    private final Encoder encoder;
    private final Block head;
    private final boolean takesMask;
    private final boolean keepsOutput;

    private HeadedEncoder(Encoder encoder, Block head, boolean takesMask, boolean keepsOutput) {
        this.encoder = addChildBlock("encoder", encoder);
        this.head = addChildBlock("head", head);
        this.takesMask = takesMask;
        this.keepsOutput = keepsOutput;
    }

    /**
     * Puts a head of tokens on an encoder.
     *
     * @param encoder the encoder
     * @param head takes x (B, S, E): {@link io.github.djlblocks.head.LanguageModelHead}, {@link
     *     io.github.djlblocks.head.TokenClassificationHead}, {@link
     *     io.github.djlblocks.head.QuestionAnsweringHead}
     * @return the model
     */
    public static HeadedEncoder ofTokens(Encoder encoder, Block head) {
        return new HeadedEncoder(encoder, head, false, false);
    }

    /**
     * Puts a head of sequences on an encoder.
     *
     * @param encoder the encoder
     * @param head takes x (B, S, E) and maybe an attention mask (B, S): {@link
     *     io.github.djlblocks.head.SequenceClassificationHead}, {@link
     *     io.github.djlblocks.head.Pooler}, {@link io.github.djlblocks.head.SequencePooling}
     * @return the model
     */
    public static HeadedEncoder ofSequences(Encoder encoder, Block head) {
        return new HeadedEncoder(encoder, head, true, false);
    }

    /**
     * Puts a pooler on an encoder, whose own output comes first, as {@code BertModel} has them.
     *
     * @param encoder the encoder
     * @param pooler takes x (B, S, E)
     * @return the model, of outputs (B, S, E) and what the pooler gives
     */
    public static HeadedEncoder withPooler(Encoder encoder, Block pooler) {
        return new HeadedEncoder(encoder, pooler, false, true);
    }

    /**
     * Returns the encoder.
     *
     * @return what is below the head
     */
    public Encoder getEncoder() {
        return encoder;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape[] encoded = encoder.getOutputShapes(inputShapes);
        Shape[] given = head.getOutputShapes(encoded);
        return keepsOutput ? new Shape[] {encoded[0], given[0]} : given;
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        encoder.getOutputShapes(inputShapes);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        encoder.initialize(manager, dataType, inputShapes);
        head.initialize(manager, dataType, encoder.getOutputShapes(inputShapes));
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList encoded = callAll(encoder, store, inputs, training, params);
        NDList arguments = new NDList(encoded.get(0));
        if (takesMask && inputs.size() > 1) {
            arguments.add(inputs.get(1));
        }
        NDList outputs = keepsOutput ? new NDList(encoded.get(0)) : new NDList();
        outputs.addAll(callAll(head, store, arguments, training, AdapterChoice.only(params)));
        outputs.addAll(encoded.subNDList(1));
        return outputs;
    }
}

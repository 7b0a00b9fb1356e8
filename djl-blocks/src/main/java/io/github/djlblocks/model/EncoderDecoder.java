package io.github.djlblocks.model;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * An encoder-decoder: what an encoder makes of one sequence is the memory a decoder looks at while
 * it continues another.
 *
 * <p>Inputs, in this order, the later ones optional:
 *
 * <ol>
 *   <li>token ids of the encoder (B, T), INT64 or INT32; or their embeddings (B, T, E)
 *   <li>token ids of the decoder (B, S); or their embeddings (B, S, E)
 *   <li>attention mask of the encoder (B, T), 1 where a token stands and 0 where padding stands
 *   <li>attention mask of the decoder (B, S)
 * </ol>
 *
 * <p>Output: logits (B, S, V). With {@link CausalLanguageModel#HIDDEN_STATES} and {@link
 * CausalLanguageModel#ATTENTIONS} all further outputs of the decoder follow, see {@link
 * Seq2SeqDecoder}, then the output of the encoder and its further outputs, see {@link Encoder}.
 *
 * <p>To generate, run {@link #getEncoder} once and {@link #getDecoder} for each token, with caches.
 * Vaswani et al., arXiv 1706.03762; the inputs are those of Hugging Face {@code
 * BartForConditionalGeneration} and {@code T5ForConditionalGeneration}.
 */
public final class EncoderDecoder extends KernelBlock {

    private static final String LAYOUT =
            "ids (B, T), decoder ids (B, S), attention mask (B, T), decoder attention mask (B, S)";

    private final Encoder encoder;
    private final Seq2SeqDecoder decoder;

    private EncoderDecoder(Encoder encoder, Seq2SeqDecoder decoder) {
        this.encoder = addChildBlock("encoder", encoder);
        this.decoder = addChildBlock("decoder", decoder);
    }

    /**
     * Puts a model together.
     *
     * @param encoder gives the memory
     * @param decoder looks at it
     * @return the model
     */
    public static EncoderDecoder of(Encoder encoder, Seq2SeqDecoder decoder) {
        return new EncoderDecoder(encoder, decoder);
    }

    /**
     * Returns the encoder.
     *
     * @return what gives the memory
     */
    public Encoder getEncoder() {
        return encoder;
    }

    /**
     * Returns the decoder.
     *
     * @return what looks at the memory
     */
    public Seq2SeqDecoder getDecoder() {
        return decoder;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        Shape memory = encoder.getOutputShapes(encoderShapes(inputShapes))[0];
        return decoder.getOutputShapes(new Shape[] {inputShapes[1], memory});
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length < 2 || inputShapes.length > 4) {
            throw new IllegalArgumentException(
                    "EncoderDecoder takes 2 to 4 inputs, "
                            + LAYOUT
                            + ", got "
                            + inputShapes.length);
        }
        for (int i = 2; i < inputShapes.length; i++) {
            Checks.rank("EncoderDecoder", inputShapes[i], LAYOUT, 2);
        }
    }

    private static Shape[] encoderShapes(Shape... inputShapes) {
        return inputShapes.length > 2
                ? new Shape[] {inputShapes[0], inputShapes[2]}
                : new Shape[] {inputShapes[0]};
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape[] memory = encoder.getOutputShapes(encoderShapes(inputShapes));
        encoder.initialize(manager, dataType, encoderShapes(inputShapes));
        decoder.initialize(manager, dataType, inputShapes[1], memory[0]);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList source = new NDList(inputs.get(0));
        if (inputs.size() > 2) {
            source.add(inputs.get(2));
        }
        NDList encoded = callAll(encoder, store, source, training, params);
        NDList target = new NDList(inputs.get(1), encoded.get(0));
        target.addAll(inputs.subNDList(Math.min(2, inputs.size())));
        NDList outputs = callAll(decoder, store, target, training, params);
        boolean more =
                LayerRun.flag(params, CausalLanguageModel.HIDDEN_STATES)
                        || LayerRun.flag(params, CausalLanguageModel.ATTENTIONS);
        if (more) {
            outputs.addAll(encoded);
        }
        return outputs;
    }
}

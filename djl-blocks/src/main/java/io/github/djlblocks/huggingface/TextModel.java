package io.github.djlblocks.huggingface;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A model that generates text: a decoder, which continues what it reads, or an encoder-decoder,
 * which answers it with a text of its own.
 *
 * @param block the one or the other
 * @param manager a manager of its engine and device
 * @param defaults the options of its files
 * @param decoderStart what the decoder of an encoder-decoder starts from
 * @param contextLength the longest text
 * @param vocabularySize the tokens it knows
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier, not a key
record TextModel(
        Block block,
        NDManager manager,
        TextOptions defaults,
        long[] decoderStart,
        int contextLength,
        int vocabularySize) {

    static TextModel of(Block block, NDManager manager, Path directory) throws IOException {
        ModelDescription description = HuggingFaceModels.describe(directory);
        if (block instanceof CausalLanguageModel decoder) {
            int length = decoder.getContextLength();
            GenerationConfig config =
                    GenerationConfig.of(directory, length, description.endTokens());
            return new TextModel(
                    block,
                    manager.newSubManager(),
                    config.textOptions(),
                    new long[0],
                    length,
                    decoder.getVocabularySize());
        }
        if (block instanceof EncoderDecoder both) {
            int length = both.getDecoder().getContextLength();
            GenerationConfig config = GenerationConfig.ofSeq2Seq(directory, length, description);
            long[] start = config.decoderStart(description.decoderStartTokens());
            return new TextModel(
                    block,
                    manager.newSubManager(),
                    config.textOptions(),
                    start,
                    length,
                    both.getDecoder().getVocabularySize());
        }
        throw new IllegalArgumentException(
                "the block is a "
                        + block.getClass().getSimpleName()
                        + ", expected a CausalLanguageModel or an EncoderDecoder");
    }

    TokenGenerator tokens() {
        return block instanceof EncoderDecoder both
                ? TokenGenerator.of(both, manager, decoderStart)
                : TokenGenerator.of((CausalLanguageModel) block, manager);
    }

    PromptCache promptCache() {
        if (block instanceof CausalLanguageModel decoder) {
            return PromptCache.of(decoder, manager);
        }
        throw new IllegalArgumentException(
                "a chat session is for a CausalLanguageModel, which reads on where it stopped; an "
                        + block.getClass().getSimpleName()
                        + " reads each prompt anew: call chat");
    }

    /** What the tokens that come are the continuation of, as a text. */
    long[] before(long... prompt) {
        return block instanceof EncoderDecoder ? new long[0] : prompt;
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.inference.streaming.StreamingTranslator;
import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslatorContext;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * From a prompt or a chat to the pieces of the text that follows; {@code
 * Predictor.streamingPredict} gives them as its iterative output.
 */
final class TextStreamTranslator<I> extends GenerationTranslator<I, TextStream>
        implements StreamingTranslator<I, TextStream> {

    TextStreamTranslator(Map<String, ?> arguments) {
        super(arguments);
    }

    @Override
    public TextStream processOutput(TranslatorContext context, NDList list) {
        return start(Objects.requireNonNull(input(context)), options(Map.of()));
    }

    @Override
    public Support getSupport() {
        return Support.ITERATIVE;
    }

    @Override
    public StreamOutput<TextStream> processStreamOutput(
            TranslatorContext context, Stream<NDList> list) {
        TextStream text = processOutput(context, new NDList()).onClose(list::close);
        return new StreamOutput<>() {
            @Override
            protected TextStream buildAsyncOutput() {
                throw new UnsupportedOperationException("only iterative output is supported");
            }

            @Override
            protected void computeAsyncOutputInternal(TextStream output) {
                throw new UnsupportedOperationException("only iterative output is supported");
            }

            @Override
            public TextStream getIterativeOutputInternal() {
                return text;
            }
        };
    }
}

package io.github.djlblocks.huggingface;

import ai.djl.inference.streaming.ChunkedBytesSupplier;
import ai.djl.inference.streaming.StreamingTranslator;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslatorContext;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Requests of DJL Serving. */
final class ServingTranslator extends GenerationTranslator<Input, Output>
        implements StreamingTranslator<Input, Output> {

    private static final Gson JSON = new Gson();

    ServingTranslator(Map<String, ?> arguments) {
        super(arguments);
    }

    @Override
    public Output processOutput(TranslatorContext context, NDList list) {
        ServingRequest request = ServingRequest.of(input(context));
        TextGenerator.Result result = generate(request.input(), options(request.parameters()));
        JsonObject answer = new JsonObject();
        answer.addProperty("generated_text", result.text());
        answer.addProperty("finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT));
        Output output = new Output();
        output.addProperty("Content-Type", "application/json");
        output.add(JSON.toJson(answer));
        return output;
    }

    @Override
    public Support getSupport() {
        return Support.ASYNC;
    }

    @Override
    public StreamOutput<Output> processStreamOutput(
            TranslatorContext context, Stream<NDList> list) {
        ServingRequest request = ServingRequest.of(input(context));
        TextOptions options = options(request.parameters());
        return new StreamOutput<>() {
            @Override
            protected Output buildAsyncOutput() {
                Output output = new Output();
                output.addProperty("Content-Type", "text/plain; charset=utf-8");
                output.add(new ChunkedBytesSupplier());
                return output;
            }

            @Override
            protected void computeAsyncOutputInternal(Output output) {
                ChunkedBytesSupplier chunks = (ChunkedBytesSupplier) output.getData();
                try (list;
                        TextStream text = start(request.input(), options)) {
                    text.forEachRemaining(
                            piece ->
                                    chunks.appendContent(
                                            piece.getBytes(StandardCharsets.UTF_8), false));
                } finally {
                    chunks.appendContent(new byte[0], true);
                }
            }

            @Override
            public Output getIterativeOutputInternal() {
                throw new UnsupportedOperationException("only asynchronous output is supported");
            }
        };
    }
}

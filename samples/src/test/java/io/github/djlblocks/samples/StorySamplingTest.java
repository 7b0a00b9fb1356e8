package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Sampling and beam search with the model that ships. */
class StorySamplingTest {

    private static final Set<Long> END = Set.of(2L);

    @Test
    void generate_sameSeed_sameStoriesOnEveryEngine() throws Exception {
        GenerationOptions sampling =
                GenerationOptions.builder()
                        .setMaxNewTokens(60)
                        .optDoSample(true)
                        .optTemperature(0.8)
                        .optTopP(0.95)
                        .optNumReturnSequences(3)
                        .optEndTokens(END)
                        .optSeed(7)
                        .build();
        GenerationOptions beams =
                GenerationOptions.of(40).withEndTokens(END).toBuilder()
                        .optNumBeams(3)
                        .optNumReturnSequences(2)
                        .build();
        List<List<String>> byEngine = new ArrayList<>();
        for (EngineUnderTest engine : EnginesUnderTest.discover()) {
            try (NDManager manager = engine.newManager();
                    HuggingFaceTokenizer tokenizer =
                            HuggingFaceTokenizer.newInstance(
                                    ShippedModel.directory().resolve("tokenizer.json"))) {
                CausalLanguageModel model =
                        HuggingFaceModels.load(ShippedModel.directory(), manager, DataType.FLOAT32);
                TokenGenerator generator = TokenGenerator.of(model, manager);
                long[][] prompts = {
                    tokenizer.encode("Once upon a time, a small fox named Ruby").getIds(),
                    tokenizer.encode("Once upon a time").getIds()
                };
                List<String> texts = new ArrayList<>();
                for (GenerationOptions options : List.of(sampling, beams)) {
                    for (GenerationResult result : generator.generate(prompts, options)) {
                        texts.add(tokenizer.decode(result.tokens(), true));
                    }
                }
                byEngine.add(texts);
            }
        }
        assertThat(byEngine).hasSizeGreaterThan(1);
        assertThat(new HashSet<>(byEngine)).hasSize(1);
        assertThat(new HashSet<>(byEngine.get(0))).hasSize(10);
        assertThat(byEngine.get(0)).allMatch(text -> text.length() > 50);
    }
}

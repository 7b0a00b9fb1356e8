package io.github.djlblocks.samples;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.samples.stories.StoryChecker;
import io.github.djlblocks.samples.stories.TokenizerTrainer;
import io.github.djlblocks.samples.stories.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * How often the model's text is right by the grammar.
 *
 * @param stories how many different prompts were continued
 * @param valid how many of the stories keep every rule
 * @param broken the texts that do not, and the rule each breaks first
 */
record StoryQuality(int stories, int valid, List<String> broken) {

    private static final int BATCH = 50;

    /** Right stories as a share of all. */
    double share() {
        return (double) valid / stories;
    }

    /** Continues every prompt greedily to its end token, and checks prompt and text together. */
    static StoryQuality measure(
            CausalLanguageModel model,
            NDManager manager,
            HuggingFaceTokenizer tokenizer,
            List<String> prompts) {
        Set<String> distinct = new LinkedHashSet<>(prompts);
        List<String> texts = new ArrayList<>();
        List<String> batch = new ArrayList<>();
        for (String prompt : distinct) {
            batch.add(prompt);
            if (batch.size() == BATCH) {
                texts.addAll(complete(model, manager, tokenizer, batch));
                batch.clear();
            }
        }
        if (!batch.isEmpty()) {
            texts.addAll(complete(model, manager, tokenizer, batch));
        }
        StoryChecker checker = new StoryChecker();
        List<String> broken = new ArrayList<>();
        for (String text : texts) {
            Verdict verdict = checker.check(text);
            if (!verdict.isValid()) {
                broken.add(verdict + ": " + text);
            }
        }
        return new StoryQuality(texts.size(), texts.size() - broken.size(), broken);
    }

    private static List<String> complete(
            CausalLanguageModel model,
            NDManager manager,
            HuggingFaceTokenizer tokenizer,
            List<String> prompts) {
        int rows = prompts.size();
        long[][] ids = new long[rows][];
        List<LongStream.Builder> tokens = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            ids[row] = tokenizer.encode(prompts.get(row)).getIds();
            LongStream.Builder builder = LongStream.builder();
            LongStream.of(ids[row]).forEach(builder);
            tokens.add(builder);
        }
        GenerationOptions options =
                GenerationOptions.of(model.getContextLength())
                        .withEndTokens(Set.of((long) TokenizerTrainer.END_ID));
        try (GreedyDecoder decoder = GreedyDecoder.start(model, manager, ids, options)) {
            while (decoder.hasNext()) {
                long[] next = decoder.next();
                for (int row = 0; row < rows; row++) {
                    tokens.get(row).add(next[row]);
                }
            }
        }
        // Padding of finished rows is a special token too, and is skipped with the others.
        return tokens.stream()
                .map(builder -> tokenizer.decode(builder.build().toArray(), true))
                .toList();
    }
}

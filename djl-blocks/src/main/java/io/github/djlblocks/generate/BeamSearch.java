package io.github.djlblocks.generate;

import io.github.djlblocks.generate.BeamGroup.Beam;
import io.github.djlblocks.generate.BeamGroup.Finished;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Beam search: of all continuations of the beams of a prompt, those of the largest sum of
 * log-probabilities go on, and those that end are kept by their sum divided by a power of their
 * length.
 *
 * <p>As Hugging Face transformers 4.51 does it, one prompt at a time: log-probabilities are not
 * normalised again after options changed them; twice as many candidates as beams are looked at,
 * more if there are several end tokens; one that ends counts if it is among the first {@code
 * numBeams}; and the length is that of the output, end token included.
 */
final class BeamSearch {

    private final GenerationStart start;
    private final List<BeamGroup> groups = new ArrayList<>();

    BeamSearch(GenerationStart start) {
        this.start = start;
        for (int prompt = 0; prompt < start.prompts(); prompt++) {
            groups.add(
                    new BeamGroup(
                            start.options(),
                            start.pipeline(),
                            start.rules(),
                            start.newHistory(prompt, prompt)));
        }
    }

    /** Runs to the end and frees everything. */
    List<GenerationResult> run() {
        try {
            ModelPasses passes = start.passes();
            long[][] feed = start.feed();
            List<BeamGroup> open = groups;
            int position = feed[0].length + 1;
            while (!open.isEmpty()) {
                double[][] logits = HostLogits.read(passes.read(feed, true), position++);
                int[] rows = step(open, logits);
                open = open.stream().filter(group -> !group.isDone()).toList();
                if (!open.isEmpty() && !isSame(rows, logits.length)) {
                    passes.reorder(rows);
                }
                feed = feed(open);
            }
            return results();
        } finally {
            start.close(start.newHistory(0, 0));
        }
    }

    /** Lets each group choose; gives for each beam that runs on the row it continues. */
    private static int[] step(List<BeamGroup> open, double[][] logits) {
        List<Integer> rows = new ArrayList<>();
        int first = 0;
        for (BeamGroup group : open) {
            int count = group.running().size();
            group.step(Arrays.asList(logits).subList(first, first + count));
            if (!group.isDone()) {
                for (Beam beam : group.running()) {
                    rows.add(first + beam.parent());
                }
            }
            first += count;
        }
        return rows.stream().mapToInt(Integer::intValue).toArray();
    }

    private static boolean isSame(int[] rows, int count) {
        return Arrays.equals(rows, IntStream.range(0, count).toArray());
    }

    private static long[][] feed(List<BeamGroup> open) {
        return open.stream()
                .flatMap(group -> group.running().stream())
                .map(Beam::history)
                .map(history -> new long[] {history.token(history.length() - 1)})
                .toArray(long[][]::new);
    }

    private List<GenerationResult> results() {
        List<GenerationResult> results = new ArrayList<>();
        for (int prompt = 0; prompt < groups.size(); prompt++) {
            List<Finished> finished = groups.get(prompt).finished();
            int count = Math.min(start.options().numReturnSequences(), finished.size());
            for (Finished beam : finished.subList(0, count)) {
                results.add(
                        new GenerationResult(
                                prompt,
                                beam.history().generated(),
                                beam.reason(),
                                OptionalDouble.of(beam.score()),
                                List.of()));
            }
        }
        return results;
    }
}

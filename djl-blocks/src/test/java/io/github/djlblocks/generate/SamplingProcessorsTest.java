package io.github.djlblocks.generate;

import static io.github.djlblocks.generate.Histories.ids;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which tokens stay, by probabilities that are set and by definitions spelled another way. */
class SamplingProcessorsTest {

    private static final double NEVER = Double.NEGATIVE_INFINITY;

    @Test
    void temperature_divides() {
        double[] logits = {3, -1, NEVER};
        SamplingProcessors.temperature(0.5).process(Histories.of(ids(0)), logits);
        assertThat(logits).containsExactly(6, -2, NEVER);
    }

    @Test
    void topK_staysWithTiesOfTheLast() {
        assertThat(kept(SamplingProcessors.topK(2), 1, 4, 3, 3, 2)).containsOnly(1, 2, 3);
        assertThat(kept(SamplingProcessors.topK(1), 1, 4, 3, 3, 2)).containsOnly(1);
        assertThat(kept(SamplingProcessors.topK(9), 1, 4)).containsOnly(0, 1);
        assertThat(kept(SamplingProcessors.topK(2), NEVER, 4, NEVER)).containsOnly(1);
    }

    @Test
    void topP_fewestThatReachTheShare() {
        double[] logits = logs(0.05, 0.4, 0.15, 0.3, 0.1);
        assertThat(kept(SamplingProcessors.topP(0.39), logits)).containsOnly(1);
        assertThat(kept(SamplingProcessors.topP(0.41), logits)).containsOnly(1, 3);
        assertThat(kept(SamplingProcessors.topP(0.69), logits)).containsOnly(1, 3);
        assertThat(kept(SamplingProcessors.topP(0.71), logits)).containsOnly(1, 2, 3);
        assertThat(kept(SamplingProcessors.topP(0.94), logits)).containsOnly(1, 2, 3, 4);
        assertThat(kept(SamplingProcessors.topP(0.96), logits)).containsOnly(0, 1, 2, 3, 4);
        assertThat(kept(SamplingProcessors.topP(1e-9), logits)).containsOnly(1);
    }

    @Test
    void topP_equalProbabilities_smallIdsStay() {
        assertThat(kept(SamplingProcessors.topP(0.6), 0, 0, 0, 0)).containsOnly(0, 1, 2);
        assertThat(kept(SamplingProcessors.topP(0.2), 0, 0, 0, 0)).containsOnly(0);
        assertThat(kept(SamplingProcessors.topP(0.6), NEVER, 0, 0, NEVER)).containsOnly(1, 2);
    }

    @Test
    void topP_randomLogits_asTheDefinitionFromTheTop() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            double[] logits = random.doubles(12, -3, 3).toArray();
            double share = 0.05 + 0.9 * random.nextDouble();
            double[] p = probabilities(logits);
            List<Integer> order = sorted(12, Comparator.comparingDouble(i -> -p[i]));
            Set<Integer> expected = new TreeSet<>();
            double sum = 0;
            for (int token : order) {
                if (sum >= share) {
                    break;
                }
                expected.add(token);
                sum += p[token];
            }
            assertThat(kept(SamplingProcessors.topP(share), logits)).isEqualTo(expected);
        }
    }

    @Test
    void minP_shareOfTheLargest() {
        double[] logits = logs(0.05, 0.4, 0.15, 0.3, 0.1);
        assertThat(kept(SamplingProcessors.minP(0.3), logits)).containsOnly(1, 2, 3);
        assertThat(kept(SamplingProcessors.minP(0.2), logits)).containsOnly(1, 2, 3, 4);
        assertThat(kept(SamplingProcessors.minP(1), logits)).containsOnly(1);
    }

    @Test
    void typical_randomLogits_asTheDefinition() {
        Random random = new Random(6);
        int unlikeTopP = 0;
        for (int round = 0; round < 200; round++) {
            double[] logits = random.doubles(12, -3, 3).toArray();
            double share = 0.05 + 0.9 * random.nextDouble();
            double[] p = probabilities(logits);
            double entropy = 0;
            for (double one : p) {
                entropy += one * Math.log(1 / one);
            }
            double typical = entropy;
            List<Integer> order =
                    sorted(
                            12,
                            Comparator.comparingDouble(
                                    i -> Math.abs(Math.log(1 / p[i]) - typical)));
            Set<Integer> expected = new TreeSet<>();
            double sum = 0;
            for (int token : order) {
                if (sum >= share) {
                    break;
                }
                expected.add(token);
                sum += p[token];
            }
            Set<Integer> found = kept(SamplingProcessors.typical(share), logits);
            assertThat(found).isEqualTo(expected);
            unlikeTopP += found.equals(kept(SamplingProcessors.topP(share), logits)) ? 0 : 1;
        }
        assertThat(unlikeTopP).isGreaterThan(50);
        assertThat(kept(SamplingProcessors.typical(0.9), NEVER, 0, 0)).containsOnly(1, 2);
    }

    private static List<Integer> sorted(int count, Comparator<Integer> order) {
        return IntStream.range(0, count).boxed().sorted(order).toList();
    }

    /** Probabilities without regard to overflow. */
    private static double[] probabilities(double... logits) {
        double sum = IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i])).sum();
        return IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i]) / sum)
                .toArray();
    }

    private static double[] logs(double... probabilities) {
        return IntStream.range(0, probabilities.length)
                .mapToDouble(i -> Math.log(probabilities[i]) + 2)
                .toArray();
    }

    /** The tokens that are left, which must have the logits they had. */
    private static Set<Integer> kept(LogitsProcessor processor, double... logits) {
        double[] changed = logits.clone();
        processor.process(Histories.of(ids(0)), changed);
        List<Integer> kept = new ArrayList<>();
        for (int token = 0; token < logits.length; token++) {
            if (changed[token] != NEVER) {
                assertThat(changed[token]).isEqualTo(logits[token]);
                kept.add(token);
            }
        }
        return new TreeSet<>(kept);
    }
}

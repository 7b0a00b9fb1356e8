package io.github.djlblocks.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDList;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PassRunnersTest {

    private final List<String> told = new ArrayList<>();
    private final PassRunners runners = new PassRunners();
    private final NDList inputs = new NDList();

    private final class Runner implements PassRunner {
        private final String name;
        private final @Nullable NDList outputs;
        private final @Nullable PassRunner next;

        Runner(String name, @Nullable NDList outputs, @Nullable PassRunner next) {
            this.name = name;
            this.outputs = outputs;
            this.next = next;
        }

        /** Another is set while it runs, if there is a next. */
        @Override
        public @Nullable NDList run(NDList given, @Nullable PairList<String, Object> params) {
            told.add(name + " runs");
            if (next != null) {
                runners.set(next);
            }
            return outputs;
        }

        @Override
        public void replaced() {
            told.add(name + " goes");
        }
    }

    @Test
    void set_another_tellsTheEarlierOnce() {
        Runner first = new Runner("first", null, null);
        runners.set(first);
        runners.set(first);
        assertThat(told).isEmpty();
        assertThat(runners.hasOne()).isTrue();
        runners.set(new Runner("second", null, null));
        assertThat(told).containsExactly("first goes");
        runners.set(null);
        assertThat(told).containsExactly("first goes", "second goes");
        assertThat(runners.hasOne()).isFalse();
        assertThat(runners.run(inputs, null)).isNull();
    }

    @Test
    void run_refused_isTheBlocksOwn() {
        runners.set(new Runner("only", null, null));
        assertThat(runners.run(inputs, null)).isNull();
        assertThat(told).containsExactly("only runs");
    }

    @Test
    void run_replacedMeanwhile_asksTheLater() {
        NDList outputs = new NDList();
        runners.set(new Runner("first", null, new Runner("second", outputs, null)));
        assertThat(runners.run(inputs, null)).isSameAs(outputs);
        assertThat(told).containsExactly("first runs", "first goes", "second runs");
    }

    @Test
    void run_replacedMeanwhileButDone_keepsTheOutputs() {
        NDList outputs = new NDList();
        runners.set(new Runner("first", outputs, new Runner("second", null, null)));
        assertThat(runners.run(inputs, null)).isSameAs(outputs);
        assertThat(told).containsExactly("first runs", "first goes");
    }

    @Test
    void requireWeights_keptElsewhere_saysSo() {
        Linear linear = Linear.withoutBias(2, 3);
        runners.set(new Runner("first", null, null));
        runners.requireWeights(linear, "saved");
        runners.set(
                new PassRunner() {
                    @Override
                    public @Nullable NDList run(
                            NDList given, @Nullable PairList<String, Object> params) {
                        return null;
                    }

                    @Override
                    public boolean keepsWeights() {
                        return true;
                    }
                });
        assertThatIllegalStateException()
                .isThrownBy(() -> runners.requireWeights(linear, "saved"))
                .withMessage(
                        "Linear cannot be saved: its weights are packed for compiled passes and its"
                                + " parameters have no values; load it without a weight format");
    }
}

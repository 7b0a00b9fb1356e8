package io.github.djlblocks.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {

    private final List<String> steps = new ArrayList<>();

    /** A contender that notes its steps and takes no time. */
    private final class Noting implements Contender {

        private final Format format;

        Noting(Format format) {
            this.format = format;
        }

        @Override
        public ContenderKind kind() {
            return ContenderKind.SCRIPT;
        }

        @Override
        public Format format() {
            return format;
        }

        @Override
        public void prepare() {}

        @Override
        public void step(Mode mode) {
            steps.add(format.label() + ' ' + mode.label());
        }

        @Override
        public float[] output() {
            return new float[0];
        }

        @Override
        public void close() {}
    }

    @Test
    void time_twoContenders_takeTurnsForwardsAndBackwards() {
        List<Contender> contenders = List.of(new Noting(Format.INT8), new Noting(Format.INT4));
        List<Format> turns = new ArrayList<>();

        // No step is shorter than this: a turn is one step, and it counts.
        List<List<Double>> seconds =
                new Rounds(3, Double.MIN_VALUE)
                        .time(contenders, Mode.DECODE, contender -> turns.add(contender.format()));

        assertThat(turns)
                .containsExactly(
                        Format.INT8,
                        Format.INT4,
                        Format.INT8,
                        Format.INT4,
                        Format.INT4,
                        Format.INT8,
                        Format.INT8,
                        Format.INT4);
        assertThat(seconds).hasSize(2).allSatisfy(times -> assertThat(times).hasSize(3));
        assertThat(seconds.get(1)).allSatisfy(time -> assertThat(time).isPositive());
        String a = "int8 decode";
        String b = "int4 decode";
        assertThat(steps).containsExactly(a, a, b, b, a, b, b, a, a, b);
    }

    @Test
    void time_longTurn_isManyStepsOfWhichTheFirstDoesNotCount() {
        List<List<Double>> seconds =
                new Rounds(1, 0.02).time(List.of(new Noting(Format.INT8)), Mode.PREFILL, c -> {});

        assertThat(steps).hasSizeGreaterThan(7).containsOnly("int8 prefill");
        assertThat(seconds.get(0).get(0)).isPositive().isLessThan(0.02);
    }
}

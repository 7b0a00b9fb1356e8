package io.github.djlblocks.samples.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Times contenders in turns: every round each of them has one, forwards and backwards by turns, so
 * that a slow moment of the machine hits all alike.
 *
 * @param rounds how many rounds count
 * @param turnSeconds how long a turn lasts at least
 */
record Rounds(int rounds, double turnSeconds) {

    /**
     * Times the contenders.
     *
     * @param contenders all of them prepared
     * @param mode what they do
     * @param turnDone told which contender has had a turn, the warm-up being the first
     * @return seconds a step for each contender, round by round
     */
    List<List<Double>> time(List<Contender> contenders, Mode mode, Consumer<Contender> turnDone) {
        List<List<Double>> seconds = new ArrayList<>();
        for (Contender contender : contenders) {
            // TorchScript watches two steps, and compiles in the third.
            contender.step(mode);
            turn(contender, mode);
            seconds.add(new ArrayList<>());
            turnDone.accept(contender);
        }
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < contenders.size(); i++) {
                int at = round % 2 == 0 ? i : contenders.size() - 1 - i;
                Contender contender = contenders.get(at);
                seconds.get(at).add(turn(contender, mode));
                turnDone.accept(contender);
            }
        }
        return seconds;
    }

    /** Seconds a step, in a turn of one step or more. */
    private double turn(Contender contender, Mode mode) {
        long start = System.nanoTime();
        contender.step(mode);
        double first = (System.nanoTime() - start) / 1e9;
        if (first >= turnSeconds) {
            return first;
        }
        // Caches and threads are still the last contender's in the first step: it does not count.
        start = System.nanoTime();
        int steps = 0;
        double elapsed;
        do {
            contender.step(mode);
            steps++;
            elapsed = (System.nanoTime() - start) / 1e9;
        } while (elapsed < turnSeconds);
        return elapsed / steps;
    }
}

package io.github.djlblocks.position;

import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Which axis of multi-axis positions, such as time, height and width, turns which pair of channels:
 * M-RoPE, arXiv 2409.12191.
 *
 * <p>The results are for {@link RotarySpec#withAxes}.
 */
public final class RotaryAxes {

    private RotaryAxes() {}

    /**
     * Pairs in sections, one section for each axis: {@code mrope_section} of Qwen2-VL.
     *
     * @param pairs how many pairs each axis turns
     * @return the axis of each pair
     * @throws IllegalArgumentException if a section is empty
     */
    public static List<Integer> sections(int... pairs) {
        List<Integer> axes = new ArrayList<>();
        for (int axis = 0; axis < pairs.length; axis++) {
            axes.addAll(Collections.nCopies(Checks.positive("section", pairs[axis]), axis));
        }
        return axes;
    }

    /**
     * Pairs in turn, 0 1 2 0 1 2, until an axis has its number of pairs; then, in its place and at
     * the end, axis 0: {@code mrope_interleaved} of Qwen3-VL.
     *
     * @param pairs how many pairs each axis turns
     * @return the axis of each pair
     * @throws IllegalArgumentException if a section is empty, or one wants more pairs than lie on
     *     its places
     */
    public static List<Integer> interleaved(int... pairs) {
        int all = Arrays.stream(pairs).map(n -> Checks.positive("section", n)).sum();
        Integer[] axes = new Integer[all];
        Arrays.fill(axes, 0);
        for (int axis = 1; axis < pairs.length; axis++) {
            int last = (pairs[axis] - 1) * pairs.length + axis;
            if (last >= all) {
                throw new IllegalArgumentException(
                        "section "
                                + axis
                                + " of "
                                + Arrays.toString(pairs)
                                + " wants "
                                + pairs[axis]
                                + " of every "
                                + pairs.length
                                + "th pair, but there are only "
                                + all
                                + " pairs");
            }
            for (int pair = axis; pair <= last; pair += pairs.length) {
                axes[pair] = axis;
            }
        }
        return List.of(axes);
    }

    /**
     * Rotary embedding of places in a grid: the first half of the pairs turns by the row, the
     * second by the column, both with the standard frequencies of half the channels. As the vision
     * encoder of Qwen2-VL.
     *
     * @param theta base of the frequencies
     * @param rotaryDim channels that are turned, a multiple of 4
     * @param layout which channels form a pair
     * @return a spec for positions (2, B, S): rows, columns
     * @throws IllegalArgumentException if theta is not positive or rotaryDim no multiple of 4
     */
    public static RotarySpec grid(double theta, int rotaryDim, RotaryLayout layout) {
        if (rotaryDim < 4 || rotaryDim % 4 != 0) {
            throw new IllegalArgumentException(
                    "rotaryDim ("
                            + rotaryDim
                            + ") must be a multiple of 4: rows and columns turn pairs of channels"
                            + " each");
        }
        double[] half = RotaryFrequencies.standard(theta, rotaryDim / 2);
        double[] both = Arrays.copyOf(half, 2 * half.length);
        System.arraycopy(half, 0, both, half.length, half.length);
        return new RotarySpec(both, layout, 1).withAxes(sections(half.length, half.length));
    }
}

package io.github.djlblocks.kernel;

import java.util.Arrays;

/** The rows of a batch sorted by the experts that take them, and the way back. */
@SuppressWarnings("ArrayRecordComponent") // made and used in one method
record ExpertRows(int[] experts, long[] boundaries, long[] tokens, long[] places) {

    static ExpertRows of(Routing routing) {
        int n = routing.tokens();
        int k = routing.spec().expertsPerToken();
        int[] chosen = new int[n * k];
        for (int i = 0; i < n; i++) {
            System.arraycopy(routing.experts(i), 0, chosen, i * k, k);
        }
        int m = Arrays.stream(chosen).max().orElse(0) + 1;
        int[] loads = new int[m];
        for (int expert : chosen) {
            loads[expert]++;
        }
        int[] next = new int[m];
        for (int e = 1; e < m; e++) {
            next[e] = next[e - 1] + loads[e - 1];
        }
        int[] used = new int[m];
        long[] starts = new long[m];
        int count = 0;
        for (int e = 0; e < m; e++) {
            if (loads[e] > 0) {
                used[count] = e;
                starts[count] = next[e];
                count++;
            }
        }
        long[] tokens = new long[chosen.length];
        long[] places = new long[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            int place = next[chosen[i]]++;
            tokens[place] = i / k;
            places[i] = place;
        }
        return new ExpertRows(
                Arrays.copyOf(used, count), Arrays.copyOfRange(starts, 1, count), tokens, places);
    }

    int expert(int part) {
        return experts[part];
    }
}

package io.github.djlblocks.generate;

/** Scores of the tokens of a vocabulary as a distribution, in float64. */
final class Distribution {

    private Distribution() {}

    /** The token of the largest score; of equal ones, the smallest. */
    static int argMax(double[] scores) {
        int best = 0;
        for (int token = 1; token < scores.length; token++) {
            if (scores[token] > scores[best]) {
                best = token;
            }
        }
        return best;
    }

    /** Probabilities: {@code exp(s) / sum exp(s)}; 0 where the score is negative infinity. */
    static double[] softmax(double[] scores) {
        double largest = scores[argMax(scores)];
        double[] shares = new double[scores.length];
        double sum = 0;
        for (int token = 0; token < scores.length; token++) {
            shares[token] = Math.exp(scores[token] - largest);
            sum += shares[token];
        }
        for (int token = 0; token < scores.length; token++) {
            shares[token] /= sum;
        }
        return shares;
    }

    /** Log-probabilities: {@code s - log sum exp(s)}. */
    static double[] logSoftmax(double[] scores) {
        double largest = scores[argMax(scores)];
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - largest);
        }
        double shift = largest + Math.log(sum);
        double[] logs = new double[scores.length];
        for (int token = 0; token < scores.length; token++) {
            logs[token] = scores[token] - shift;
        }
        return logs;
    }

    /** The first token at which the probabilities so far exceed a uniform number. */
    static int draw(double[] scores, double uniform) {
        double largest = scores[argMax(scores)];
        double total = 0;
        for (double score : scores) {
            total += Math.exp(score - largest);
        }
        double wanted = uniform * total;
        double sum = 0;
        int last = 0;
        for (int token = 0; token < scores.length; token++) {
            double share = Math.exp(scores[token] - largest);
            if (share > 0) {
                sum += share;
                last = token;
                if (sum > wanted) {
                    break;
                }
            }
        }
        return last;
    }
}

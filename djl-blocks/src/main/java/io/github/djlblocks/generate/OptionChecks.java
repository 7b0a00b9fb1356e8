package io.github.djlblocks.generate;

import io.github.djlblocks.internal.Checks;
import java.util.Collection;
import java.util.List;

/** Refuses values of {@link GenerationOptions} that cannot be. */
final class OptionChecks {

    private OptionChecks() {}

    static void check(OptionValues values) {
        lengths(values);
        sampling(values);
        penalties(values);
        tokens(values);
        beams(values);
        values.logProbabilities.ifPresent(count -> notNegative("logProbabilities", count));
    }

    private static void lengths(OptionValues values) {
        if (values.maxLength == 0) {
            Checks.positive("maxNewTokens", values.maxNewTokens);
        } else if (values.maxLength < 2) {
            throw new IllegalArgumentException(
                    "maxLength ("
                            + values.maxLength
                            + ") must be at least 2: it counts the prompt too");
        }
        notNegative("minNewTokens", values.minNewTokens);
        notNegative("minLength", values.minLength);
        if (values.maxNewTokens != 0) {
            notAbove("minNewTokens", values.minNewTokens, "maxNewTokens", values.maxNewTokens);
        } else {
            notAbove("minLength", values.minLength, "maxLength", values.maxLength);
        }
    }

    private static void notAbove(String name, int value, String boundName, int bound) {
        if (value > bound) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + value
                            + ") is more than "
                            + boundName
                            + " ("
                            + bound
                            + "): lower the one or raise the other");
        }
    }

    private static void sampling(OptionValues values) {
        if (!(values.temperature > 0) || Double.isInfinite(values.temperature)) {
            throw new IllegalArgumentException(
                    "temperature ("
                            + values.temperature
                            + ") must be a finite number above 0: for the likeliest token set"
                            + " doSample to false");
        }
        if (values.topK < 0) {
            throw new IllegalArgumentException(
                    "topK (" + values.topK + ") must be at least 0, where 0 allows every token");
        }
        share("topP", values.topP);
        share("typicalP", values.typicalP);
        if (!(values.minP >= 0 && values.minP <= 1)) {
            throw new IllegalArgumentException(
                    "minP (" + values.minP + ") must be from 0, which allows every token, to 1");
        }
    }

    private static void share(String name, double value) {
        if (!(value > 0 && value <= 1)) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + value
                            + ") must be above 0 and at most 1, where 1 allows every token");
        }
    }

    private static void penalties(OptionValues values) {
        if (!(values.repetitionPenalty > 0) || Double.isInfinite(values.repetitionPenalty)) {
            throw new IllegalArgumentException(
                    "repetitionPenalty ("
                            + values.repetitionPenalty
                            + ") must be a finite number above 0, where 1 is no penalty");
        }
        finite("presencePenalty", values.presencePenalty);
        finite("frequencyPenalty", values.frequencyPenalty);
        notNegative("noRepeatNgramSize", values.noRepeatNgramSize);
        values.logitBias.forEach(
                (token, bias) -> {
                    token("logitBias", token);
                    if (!(bias < Double.POSITIVE_INFINITY)) {
                        throw new IllegalArgumentException(
                                "logitBias of token "
                                        + token
                                        + " ("
                                        + bias
                                        + ") must be a finite number, or negative infinity to"
                                        + " forbid the token");
                    }
                });
    }

    private static void tokens(OptionValues values) {
        tokens("suppressTokens", values.suppressTokens);
        tokens("beginSuppressTokens", values.beginSuppressTokens);
        tokens("endTokens", values.endTokens);
        runs("badWords", values.badWords);
        runs("stopSequences", values.stopSequences);
        values.forcedBosToken.ifPresent(token -> token("forcedBosToken", token));
        values.forcedEosToken.ifPresent(token -> token("forcedEosToken", token));
        token("padToken", values.padToken);
    }

    private static void runs(String name, List<List<Long>> runs) {
        for (List<Long> run : runs) {
            if (run.isEmpty()) {
                throw new IllegalArgumentException(
                        name + " has an entry without tokens: give each at least one");
            }
            tokens(name, run);
        }
    }

    private static void tokens(String name, Collection<Long> tokens) {
        tokens.forEach(token -> token(name, token));
    }

    private static void token(String name, long token) {
        if (token < 0) {
            throw new IllegalArgumentException(
                    name + " has the token " + token + ": token ids are at least 0");
        }
    }

    private static void beams(OptionValues values) {
        Checks.positive("numBeams", values.numBeams);
        Checks.positive("numReturnSequences", values.numReturnSequences);
        finite("lengthPenalty", values.lengthPenalty);
        if (values.doSample && values.numBeams > 1) {
            throw new IllegalArgumentException(
                    "numBeams ("
                            + values.numBeams
                            + ") cannot be more than 1 with doSample: beams are searched, not"
                            + " drawn; set one of the two");
        }
        if (!values.doSample && values.numReturnSequences > values.numBeams) {
            throw new IllegalArgumentException(
                    "numReturnSequences ("
                            + values.numReturnSequences
                            + ") is more than numBeams ("
                            + values.numBeams
                            + "): search more beams, or set doSample");
        }
        if (values.numBeams > 1 && values.logProbabilities.isPresent()) {
            throw new IllegalArgumentException(
                    "logProbabilities cannot be reported by a search of "
                            + values.numBeams
                            + " beams: its results have scores; set numBeams to 1");
        }
    }

    private static void finite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " (" + value + ") must be a finite number");
        }
    }

    private static void notNegative(String name, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " (" + value + ") must be at least 0");
        }
    }
}

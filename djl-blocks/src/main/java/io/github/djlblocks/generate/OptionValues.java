package io.github.djlblocks.generate;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The values of {@link GenerationOptions}, and their defaults. */
final class OptionValues {

    int maxNewTokens;
    int maxLength;
    int minNewTokens;
    int minLength;
    boolean doSample;
    double temperature = 1;
    int topK;
    double topP = 1;
    double minP;
    double typicalP = 1;
    double repetitionPenalty = 1;
    double presencePenalty;
    double frequencyPenalty;
    int noRepeatNgramSize;
    Map<Long, Double> logitBias = Map.of();
    Set<Long> suppressTokens = Set.of();
    Set<Long> beginSuppressTokens = Set.of();
    List<List<Long>> badWords = List.of();
    List<List<Long>> stopSequences = List.of();
    OptionalLong forcedBosToken = OptionalLong.empty();
    OptionalLong forcedEosToken = OptionalLong.empty();
    int numBeams = 1;
    double lengthPenalty = 1;
    EarlyStopping earlyStopping = EarlyStopping.HEURISTIC;
    int numReturnSequences = 1;
    Set<Long> endTokens = Set.of();
    long padToken;
    OptionalLong seed = OptionalLong.empty();
    OptionalInt logProbabilities = OptionalInt.empty();
    Optional<String> adapter = Optional.empty();

    OptionValues() {}

    OptionValues(OptionValues other) {
        maxNewTokens = other.maxNewTokens;
        maxLength = other.maxLength;
        minNewTokens = other.minNewTokens;
        minLength = other.minLength;
        doSample = other.doSample;
        temperature = other.temperature;
        topK = other.topK;
        topP = other.topP;
        minP = other.minP;
        typicalP = other.typicalP;
        repetitionPenalty = other.repetitionPenalty;
        presencePenalty = other.presencePenalty;
        frequencyPenalty = other.frequencyPenalty;
        noRepeatNgramSize = other.noRepeatNgramSize;
        logitBias = Map.copyOf(other.logitBias);
        suppressTokens = Set.copyOf(other.suppressTokens);
        beginSuppressTokens = Set.copyOf(other.beginSuppressTokens);
        badWords = other.badWords.stream().map(List::copyOf).toList();
        stopSequences = other.stopSequences.stream().map(List::copyOf).toList();
        forcedBosToken = other.forcedBosToken;
        forcedEosToken = other.forcedEosToken;
        numBeams = other.numBeams;
        lengthPenalty = other.lengthPenalty;
        earlyStopping = other.earlyStopping;
        numReturnSequences = other.numReturnSequences;
        endTokens = Set.copyOf(other.endTokens);
        padToken = other.padToken;
        seed = other.seed;
        logProbabilities = other.logProbabilities;
        adapter = other.adapter;
    }
}

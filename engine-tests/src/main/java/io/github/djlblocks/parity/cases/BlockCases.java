package io.github.djlblocks.parity.cases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The cases of every block of djl-blocks, with its options. */
public final class BlockCases {

    private BlockCases() {}

    /**
     * Returns all cases.
     *
     * @return some 200 small cases, in the order of the blocks' packages
     */
    public static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.addAll(LinearCases.all());
        cases.addAll(AdapterCases.all());
        cases.addAll(RmsNormCases.all());
        cases.addAll(NormCases.all());
        cases.addAll(ActivationCases.all());
        cases.addAll(ChannelNormCases.all());
        cases.addAll(FeedForwardCases.all());
        cases.addAll(MixtureCases.all());
        cases.addAll(PositionCases.all());
        cases.addAll(RotaryCases.all());
        cases.addAll(RotaryScalingCases.all());
        cases.addAll(RotaryAxesCases.all());
        cases.addAll(PositionBiasCases.all());
        cases.addAll(AttentionCases.all());
        cases.addAll(AttentionOptionCases.all());
        cases.addAll(DropoutCases.all());
        cases.addAll(ResidualCases.all());
        cases.addAll(LatentAttentionCases.all());
        cases.addAll(LayerCases.all());
        cases.addAll(EmbeddingCases.all());
        cases.addAll(HeadCases.all());
        cases.addAll(EncoderCases.all());
        cases.addAll(EncoderOptionCases.all());
        cases.addAll(ModelCases.all());
        cases.addAll(LanguageModelCases.all());
        cases.addAll(FamilyCases.all());
        cases.addAll(Seq2SeqFamilyCases.all());
        return List.copyOf(cases);
    }

    /**
     * Returns the first case of each block.
     *
     * @return one case a block
     */
    public static List<ParityCase> onePerBlock() {
        Map<String, ParityCase> first = new LinkedHashMap<>();
        all().forEach(parityCase -> first.putIfAbsent(parityCase.blockName(), parityCase));
        return List.copyOf(first.values());
    }
}

package io.github.djlblocks.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which modules are adapted; expectations are what PEFT 0.15.2 check_target_module_exists says. */
class TargetModulesTest {

    private static final List<String> MODULES =
            List.of(
                    "model.layers.0.self_attn.q_proj",
                    "model.layers.0.self_attn.my_q_proj",
                    "model.layers.1.self_attn.q_proj",
                    "model.layers.1.mlp.up_proj",
                    "model.layers.10.mlp.up_proj",
                    "q_proj",
                    "lm_head");

    private static List<String> matched(LoraConfig.Builder builder) {
        TargetModules targets = builder.build().targets();
        return MODULES.stream()
                .filter(module -> targets.matches(module, module.equals("lm_head")))
                .toList();
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder();
    }

    @Test
    void matches_names_areWholePartsAtTheEnd() {
        assertThat(matched(config().setTargets("q_proj")))
                .containsExactly(MODULES.get(0), MODULES.get(2), "q_proj");
        assertThat(matched(config().setTargets("self_attn.q_proj", "lm_head")))
                .containsExactly(MODULES.get(0), MODULES.get(2), "lm_head");
    }

    @Test
    void matches_pattern_isOfTheWholeName() {
        assertThat(matched(config().setTargetPattern(".*q_proj")))
                .containsExactly(MODULES.get(0), MODULES.get(1), MODULES.get(2), "q_proj");
        assertThat(matched(config().setTargetPattern("q_proj"))).containsExactly("q_proj");
    }

    @Test
    void matches_allLinear_isAllButTheHead() {
        assertThat(matched(config().setAllLinear())).isEqualTo(MODULES.subList(0, 6));
    }

    @Test
    void matches_layers_areCountedBehindAnyNameOrOne() {
        assertThat(matched(config().setTargets("q_proj", "up_proj").optLayers(1)))
                .containsExactly(MODULES.get(2), MODULES.get(3), "q_proj");
        assertThat(
                        matched(
                                config().setTargets("up_proj")
                                        .optLayers(0, 10)
                                        .optLayersPattern("blocks", "layers")))
                .containsExactly(MODULES.get(4));
        assertThat(matched(config().setTargets("up_proj").optLayers(10).optLayersPattern("blocks")))
                .isEmpty();
    }

    @Test
    void matches_excluded_areNone() {
        assertThat(matched(config().setTargets("q_proj").optExcluded("self_attn.q_proj")))
                .containsExactly("q_proj");
        assertThat(matched(config().setAllLinear().optExcludedPattern(".*\\.(0|1)\\..*")))
                .containsExactly(MODULES.get(4), "q_proj");
    }

    @Test
    void sizes_patterns_areOfTheEndOfNames() {
        LoraConfig config =
                config().setAllLinear()
                        .optRank(4)
                        .optAlpha(6)
                        .optRankPattern(Map.of("layers.1.self_attn.q_proj", 2))
                        .optAlphaPattern(Map.of("up_proj", 9.0))
                        .build();

        assertThat(config.sizes(MODULES.get(2)).factor()).isEqualTo(3);
        assertThat(config.sizes(MODULES.get(3)).factor()).isEqualTo(9.0 / 4);
        assertThat(config.sizes(MODULES.get(1)).factor()).isEqualTo(1.5);
    }

    @Test
    void build_wrong_saysWhy() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().build())
                .withMessage(
                        "no linear map would be adapted: call setTargets, setTargetPattern or"
                                + " setAllLinear");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optRank(0).build())
                .withMessage("rank (0) must be at least 1: it is how many rows A has");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optRankPattern(Map.of("up", -1)).build())
                .withMessage("rank of up (-1) must be at least 1: it is how many rows A has");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optAlpha(0).build())
                .withMessage("alpha (0.0) must be a finite number above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optDropout(1).build())
                .withMessage("dropout (1.0) must be at least 0 and below 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setTargetPattern("(").build())
                .withMessageStartingWith("'(' is no regular expression: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optLayers(1).build())
                .withMessage(
                        "layers [1] cannot be chosen besides the pattern 'all-linear': say them in"
                                + " the pattern, or name targets");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config().setAllLinear().optDora(true).optLoraBias(true).build())
                .withMessage("DoRA has no bias of its own: leave out optLoraBias, or optDora");
    }
}

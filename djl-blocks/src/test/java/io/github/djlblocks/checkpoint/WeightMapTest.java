package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class WeightMapTest {

    private final WeightMap map =
            WeightMap.builder()
                    .rename("emb.weight", "embedding.weight")
                    .rename("h.{i}.attn.{p}_proj.weight", "layers.{i}.attention.{p}.weight")
                    .rename("h.{i}.mlp.{kind}", "layers.{i}.feedForward.{kind}")
                    .rename("h.{i}.mlp.{other}", "never.{other}")
                    .rename("twice.{i}.{i}", "once.{i}")
                    .rename("odd.$1.(x).{i}", "odd.$1\\{i}")
                    .tie("output.weight", "emb.weight")
                    .ignore("h.{i}.attn.inv_freq")
                    .ignore("h.0.mlp.junk")
                    .build();

    @Test
    void parameterPath_matchingPattern_putsPlaceholdersBack() {
        assertThat(map.parameterPath("emb.weight")).contains("embedding.weight");
        assertThat(map.parameterPath("h.12.attn.q_proj.weight"))
                .contains("layers.12.attention.q.weight");
        assertThat(map.parameterPath("h.3.mlp.bias")).contains("layers.3.feedForward.bias");
        assertThat(map.parameterPath("twice.7.7")).contains("once.7");
        assertThat(map.parameterPath("odd.$1.(x).4")).contains("odd.$1\\4");
    }

    @Test
    void parameterPath_noMatch_isEmpty() {
        assertThat(map.parameterPath("emb_weight")).isEmpty();
        assertThat(map.parameterPath("emb.weight.more")).isEmpty();
        assertThat(map.parameterPath("h.1.2.mlp.bias")).isEmpty();
        assertThat(map.parameterPath("h..mlp.bias")).isEmpty();
        assertThat(map.parameterPath("twice.7.8")).isEmpty();
    }

    @Test
    void ignores_ignoredNameThatIsRenamedToo_isIgnored() {
        assertThat(map.ignores("h.5.attn.inv_freq")).isTrue();
        assertThat(map.ignores("h.0.mlp.junk")).isTrue();
        assertThat(map.parameterPath("h.0.mlp.junk")).isEmpty();
        assertThat(map.ignores("h.1.mlp.junk")).isFalse();
        assertThat(map.parameterPath("h.1.mlp.junk")).contains("layers.1.feedForward.junk");
    }

    @Test
    void identity_anyName_isItsOwnPath() {
        assertThat(WeightMap.identity().parameterPath("a.{b}.\n$c")).contains("a.{b}.\n$c");
    }

    @Test
    void ties_areInOrder() {
        assertThat(map.ties()).isEqualTo(Map.of("output.weight", "emb.weight"));
    }

    @Test
    void builder_inconsistentRules_areRefused() {
        assertThatThrownBy(() -> WeightMap.builder().rename("a.{i}", "b.{j}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'b.{j}' uses {j}, which 'a.{i}' does not have: use the same placeholder in"
                                + " both");
        assertThatThrownBy(() -> WeightMap.builder().tie("p", "a").tie("p", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parameter 'p' is tied to both 'a' and 'b': keep one");
    }
}

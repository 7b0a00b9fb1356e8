package io.github.djlblocks.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What adapter_config.json means, and what of it is refused. */
class PeftConfigTest {

    private static LoraConfig read(String more) {
        return PeftConfig.read(
                "adapter_config.json",
                "{\"peft_type\": \"LORA\", \"target_modules\": [\"q_proj\"]" + more + "}");
    }

    @Test
    void read_fields_areThoseOfPeft() {
        LoraConfig config =
                read(
                        """
                        , "r": 4, "lora_alpha": 10, "lora_dropout": 0.1, "use_rslora": true,
                        "use_dora": true, "rank_pattern": {"x.q_proj": 25},
                        "alpha_pattern": {"y.q_proj": 2.5}, "base_model_name_or_path": "some/base",
                        "task_type": "CAUSAL_LM", "exclude_modules": ["a.q_proj"],
                        "layers_to_transform": [1, 2], "layers_pattern": "layers",
                        "layer_replication": null, "bias": "none", "modules_to_save": []
                        """);

        assertThat(config.rank()).isEqualTo(4);
        assertThat(config.alpha()).isEqualTo(10);
        assertThat(config.dropout()).isEqualTo(0.1);
        assertThat(config.isDora()).isTrue();
        assertThat(config.hasLoraBias()).isFalse();
        assertThat(config.baseModel()).contains("some/base");
        assertThat(config.taskType()).contains("CAUSAL_LM");
        assertThat(config.sizes("layers.1.q_proj").factor()).isEqualTo(5);
        assertThat(config.sizes("layers.1.x.q_proj").factor()).isEqualTo(2);
        assertThat(config.sizes("y.q_proj").factor()).isEqualTo(1.25);
        assertThat(config.targets().matches("m.layers.1.q_proj.q_proj", false)).isTrue();
        assertThat(config.targets().matches("m.layers.3.q_proj.q_proj", false)).isFalse();
        assertThat(config.targets().matches("m.layers.1.a.q_proj", false)).isFalse();
    }

    /** LoraConfig() of PEFT. */
    @Test
    void read_nothing_hasTheDefaultsOfTheClass() {
        LoraConfig config = read("");

        assertThat(config.rank()).isEqualTo(8);
        assertThat(config.alpha()).isEqualTo(8);
        assertThat(config.dropout()).isZero();
        assertThat(config.sizes("q_proj").rsLora()).isFalse();
        assertThat(config.isDora()).isFalse();
    }

    @Test
    void read_targetsAsText_areAPattern() {
        String text =
                "{\"peft_type\": \"LORA\", \"target_modules\": \"all-linear\","
                        + " \"exclude_modules\": \".*up\", \"layers_to_transform\": null}";
        TargetModules targets = PeftConfig.read("adapter_config.json", text).targets();

        assertThat(targets.matches("layers.0.down", false)).isTrue();
        assertThat(targets.matches("layers.0.up", false)).isFalse();
        assertThat(targets.matches("lm_head", true)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "bias; \"lora_only\"",
                "modules_to_save; [\"lm_head\"]",
                "layer_replication; [[0,4]]",
                "megatron_config; {\"a\":1}",
                "trainable_token_indices; [3]",
                "use_qalora; true",
                "target_parameters; [\"experts\"]",
                "arrow_config; {\"top_k\":3}",
                "something_new; 1"
            })
    void read_otherArithmetic_isRefusedByName(String field, String value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(", \"" + field + "\": " + value))
                .withMessage(
                        "adapter_config.json: "
                                + field
                                + " ("
                                + value
                                + ") changes what the adapter computes and is not implemented; save"
                                + " the adapter without it");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"use_qalora\": false",
                "\"qalora_group_size\": 16",
                "\"ensure_weight_tying\": false",
                "\"init_lora_weights\": \"gaussian\"",
                "\"loftq_config\": {\"loftq_bits\": 4}",
                "\"revision\": \"main\"",
                "\"inference_mode\": true",
                "\"trainable_token_indices\": {}"
            })
    void read_whatChangesNoNumbers_isPassedOver(String field) {
        assertThat(read(", " + field).rank()).isEqualTo(8);
    }

    @Test
    void read_wrong_saysWhere() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> PeftConfig.read("adapter_config.json", "{\"peft_type\": \"IA3\"}"))
                .withMessage(
                        "adapter_config.json: peft_type 'IA3' is not implemented; known: LORA");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(", \"init_lora_weights\": \"pissa_niter_4\""))
                .withMessage(
                        "adapter_config.json: init_lora_weights 'pissa_niter_4' changes the weights"
                                + " of the base besides; save the adapter with"
                                + " path_initial_model_for_weight_conversion, or merged");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(", \"r\": 0"))
                .withMessage(
                        "adapter_config.json: rank (0) must be at least 1: it is how many rows A"
                                + " has");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(", \"lora_alpha\": \"x\""))
                .withMessage("adapter_config.json: lora_alpha (\"x\") must be a number");
    }
}

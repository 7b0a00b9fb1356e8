package io.github.djlblocks.families;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.model.CausalLanguageModel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many tokens the last of six sees in each of four layers, by what config.json says. */
class DecoderWindowsTest {

    private static final long[] TOKENS = {3, 0, 12, 7, 7, 1};

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mistral | \"sliding_window\": 3 | 3 3 3 3",
                "mistral | \"sliding_window\": null | 6 6 6 6",
                "mixtral | \"sliding_window\": 2 | 2 2 2 2",
                "phi3 | \"sliding_window\": 2 | 2 2 2 2",
                "gemma | \"rms_norm_eps\": 1e-6 | 6 6 6 6",
                "gemma2 | \"sliding_window\": 2 | 2 6 2 6",
                "gemma2 | \"sliding_window\": 2, \"layer_types\": [\"full_attention\","
                        + " \"full_attention\", \"sliding_attention\", \"full_attention\"]"
                        + " | 6 6 2 6",
                "gemma3_text | \"sliding_window\": 4, \"sliding_window_pattern\": 2 | 4 6 4 6",
                "gemma3_text | \"sliding_window\": 4 | 4 4 4 4",
                "qwen2 | \"sliding_window\": 3, \"max_window_layers\": 1 | 6 6 6 6",
                "qwen2 | \"use_sliding_window\": true, \"sliding_window\": 3 | 6 6 6 6",
                "qwen2 | \"use_sliding_window\": true, \"sliding_window\": 3,"
                        + " \"max_window_layers\": 1 | 6 3 3 3",
                "qwen3 | \"use_sliding_window\": true, \"sliding_window\": 3,"
                        + " \"max_window_layers\": 3, \"transformers_version\": \"4.53.0\""
                        + " | 6 6 6 3",
                "qwen3 | \"use_sliding_window\": true, \"sliding_window\": 3,"
                        + " \"max_window_layers\": 3, \"transformers_version\": \"4.51.3\""
                        + " | 3 3 3 3",
                "qwen3 | \"use_sliding_window\": true, \"sliding_window\": null | 6 6 6 6",
                "qwen3 | \"sliding_window\": 3, \"layer_types\": [\"full_attention\","
                        + " \"sliding_attention\", \"full_attention\", \"full_attention\"]"
                        + " | 6 3 6 6",
                "qwen3_moe | \"use_sliding_window\": true, \"sliding_window\": 3,"
                        + " \"num_experts\": 0 | 3 3 3 3"
            })
    void parse_windows_areInTheLayersThatHaveThem(String type, String more, String expected) {
        KernelBlock model =
                Families.parse(
                                """
                                {"vocab_size": 13, "hidden_size": 8, "intermediate_size": 4,
                                 "num_hidden_layers": 4, "num_attention_heads": 2,
                                 "num_key_value_heads": 1, "head_dim": 4,
                                 "max_position_embeddings": 8, "model_type": "%s", %s}
                                """
                                        .formatted(type, more))
                        .newBlock();
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager()) {
            model.initialize(manager, DataType.FLOAT32, new Shape(-1, -1));
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.ATTENTIONS, true);
            NDList outputs =
                    model.forward(
                            new ParameterStore(manager, false),
                            new NDList(manager.create(new long[][] {TOKENS})),
                            false,
                            params);
            StringBuilder seen = new StringBuilder();
            for (NDArray weights : outputs.subNDList(1)) {
                NDArray last = weights.get("0, 0, " + (TOKENS.length - 1));
                seen.append(last.gt(0).sum().getLong()).append(' ');
            }
            assertThat(seen.toString().strip()).isEqualTo(expected);
        }
    }
}

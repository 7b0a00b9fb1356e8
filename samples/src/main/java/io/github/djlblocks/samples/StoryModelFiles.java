package io.github.djlblocks.samples;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.djlblocks.huggingface.HuggingFaceBlockFactory;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerationTranslatorFactory;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.samples.stories.TokenizerTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The small files of the story model's directory: what Hugging Face and DJL want to read. */
final class StoryModelFiles {

    private static final Gson JSON = new GsonBuilder().setPrettyPrinting().create();

    private StoryModelFiles() {}

    static void write(Path directory, DecoderConfig config) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architectures", List.of("LlamaForCausalLM"));
        json.put("model_type", "llama");
        json.put("vocab_size", config.vocabularySize());
        json.put("hidden_size", config.hiddenSize());
        json.put("intermediate_size", config.feedForwardSize());
        json.put("num_hidden_layers", config.layers());
        json.put("num_attention_heads", config.queryHeads());
        json.put("num_key_value_heads", config.keyValueHeads());
        json.put("head_dim", config.headDim());
        json.put("hidden_act", "silu");
        json.put("max_position_embeddings", config.contextLength());
        json.put("rms_norm_eps", config.normEpsilon());
        json.put("rope_theta", 10000.0);
        json.put("attention_bias", false);
        json.put("mlp_bias", false);
        json.put("tie_word_embeddings", config.tiedHead());
        json.put("torch_dtype", "bfloat16");
        tokens(json);
        write(directory.resolve(HuggingFaceModels.CONFIG_FILE), JSON.toJson(json) + "\n");

        Map<String, Object> generation = new LinkedHashMap<>();
        tokens(generation);
        write(directory.resolve("generation_config.json"), JSON.toJson(generation) + "\n");

        write(
                directory.resolve("serving.properties"),
                "blockFactory="
                        + HuggingFaceBlockFactory.class.getName()
                        + "\ntranslatorFactory="
                        + TextGenerationTranslatorFactory.class.getName()
                        + "\noption.hasParameter=false\n");
    }

    private static void tokens(Map<String, Object> json) {
        json.put("bos_token_id", TokenizerTrainer.BEGIN_ID);
        json.put("eos_token_id", TokenizerTrainer.END_ID);
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
    }
}

package io.github.djlblocks.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What configurations of encoders say that cannot be built. */
final class EncoderConfigErrorsTest {

    @TempDir Path directory;

    private ModelDescription read(String fields) throws IOException {
        Files.writeString(directory.resolve(Families.CONFIG_FILE), "{" + fields + "}");
        return Families.read(directory);
    }

    private void refuses(String fields, String message) {
        assertThatThrownBy(() -> read(fields))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void architecture_ofAnotherHead_isRefusedByName() {
        String known =
                "known: BertForMaskedLM, BertForNextSentencePrediction, BertForPreTraining,"
                        + " BertForQuestionAnswering, BertForSequenceClassification,"
                        + " BertForTokenClassification, BertModel";
        refuses(
                "\"model_type\": \"bert\", \"architectures\": [\"BertForMultipleChoice\"]",
                "architectures 'BertForMultipleChoice' is not implemented; " + known);
        refuses(
                "\"model_type\": \"bert\", \"architectures\": [\"BertLMHeadModel\"]",
                "architectures 'BertLMHeadModel' is not implemented; " + known);
        refuses(
                "\"model_type\": \"roberta\", \"architectures\": [\"BertModel\"]",
                "architectures 'BertModel' is not implemented; known: RobertaForMaskedLM");
    }

    @Test
    void fields_thatMakeAnotherModel_areRefused() {
        refuses("\"model_type\": \"bert\", \"is_decoder\": true", "is_decoder (true)");
        refuses(
                "\"model_type\": \"roberta\", \"add_cross_attention\": true",
                "add_cross_attention (true)");
        refuses(
                "\"model_type\": \"albert\", \"position_embedding_type\": \"relative_key\"",
                "position_embedding_type (\"relative_key\")");
        refuses(
                "\"model_type\": \"distilbert\", \"activation\": \"sine\"",
                "activation 'sine' is not implemented");
        refuses(
                "\"model_type\": \"modernbert\", \"classifier_pooling\": \"max\"",
                "classifier_pooling 'max' is not implemented; known: cls, mean");
        refuses(
                "\"model_type\": \"bert\", \"num_attention_heads\": 7",
                "hidden_size (768) is not divisible by num_attention_heads (7)");
        refuses(
                "\"model_type\": \"albert\", \"num_hidden_groups\": 13",
                "num_hidden_groups (13) must be at most num_hidden_layers (12)");
        refuses(
                "\"model_type\": \"roberta\", \"pad_token_id\": null",
                "pad_token_id ([]) must be one id");
        refuses(
                "\"model_type\": \"bert\", \"id2label\": {\"0\": \"a\", \"2\": \"c\"}",
                "id2label: 1 is missing");
        refuses(
                "\"model_type\": \"modernbert\", \"num_hidden_layers\": 2, \"layer_types\":"
                        + " [\"full_attention\"]",
                "layer_types names 1 layers, but num_hidden_layers is 2");
    }

    @Test
    void description_ofDefaults_isThatOfTheReference() throws IOException {
        ModelDescription roberta = read("\"model_type\": \"roberta\"");
        assertThat(roberta.vocabularySize()).isEqualTo(50265);
        // Positions 0 and 1 are no token's.
        assertThat(roberta.contextLength()).isEqualTo(510);
        assertThat(roberta.architecture()).isEqualTo("RobertaModel");
        ModelDescription modern = read("\"model_type\": \"modernbert\"");
        assertThat(modern.layers()).isEqualTo(22);
        assertThat(modern.contextLength()).isEqualTo(8192);
        ModelDescription labels =
                read(
                        "\"model_type\": \"bert\", \"architectures\":"
                                + " [\"BertForSequenceClassification\"], \"num_labels\": 3,"
                                + " \"problem_type\": \"regression\"");
        assertThat(labels.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
        assertThat(labels.problemType()).isEqualTo("regression");
        assertThat(read("\"model_type\": \"albert\"").hiddenSize()).isEqualTo(4096);
    }
}

package io.github.djlblocks.family;

import static io.github.djlblocks.family.EncoderFormulas.B;
import static io.github.djlblocks.family.EncoderFormulas.E;
import static io.github.djlblocks.family.EncoderFormulas.IDS;
import static io.github.djlblocks.family.EncoderFormulas.IN_ORDER;
import static io.github.djlblocks.family.EncoderFormulas.MASK;
import static io.github.djlblocks.family.EncoderFormulas.ROBERTA;
import static io.github.djlblocks.family.EncoderFormulas.S;
import static io.github.djlblocks.family.EncoderFormulas.TYPES;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleSequences;
import io.github.djlblocks.parity.oracle.Var;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.io.TempDir;

/** Directories of encoders, with every head, against formulas of their own. */
final class EncoderFamilyTest {

    private static final String SIZES =
            """
            "vocab_size": 11, "hidden_size": 12, "intermediate_size": 10, "num_attention_heads": 3,
            "max_position_embeddings": 16, "layer_norm_eps": 1e-5, "norm_eps": 1e-4
            """;

    private static final String THREE = "\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}";

    private static final String MODERN =
            """
            "hidden_activation": "gelu", "classifier_activation": "silu", "local_attention": 5
            """;

    private static final String MODERN_BIASES =
            """
            "norm_bias": true, "attention_bias": true, "mlp_bias": true, "classifier_bias": true
            """;

    @TempDir Path directory;

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void roberta_untiedHead_countsPositionsOverTokens(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"roberta\", \"architectures\": [\"RobertaForMaskedLM\"],"
                        + " \"num_hidden_layers\": 2, \"type_vocab_size\": 1,"
                        + " \"tie_word_embeddings\": false",
                false,
                f -> {
                    Var x = f.bert("roberta.", ROBERTA, 1, false);
                    return List.of(
                            f.scores(
                                    x,
                                    "lm_head.dense",
                                    "lm_head.layer_norm",
                                    "lm_head.bias",
                                    "lm_head.decoder.weight",
                                    E));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void xlmRoberta_sequenceClassifierWithoutPrefix_poolsTheFirstToken(
            NDManager manager, DataType dataType) throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"xlm-roberta\", \"num_hidden_layers\": 2, \"architectures\":"
                        + " [\"XLMRobertaForSequenceClassification\"], "
                        + THREE,
                true,
                f -> {
                    Var x = f.first(f.bert("", ROBERTA, 2, false));
                    Var y = f.dense("classifier.dense", x, OracleActivation.TANH);
                    return List.of(f.tensors.linear("classifier.out_proj", y, 3, true));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void bert_tokenClassifierOfOldNames_isLoaded(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"bert\", \"num_hidden_layers\": 2, \"architectures\":"
                        + " [\"BertForTokenClassification\"], "
                        + THREE,
                true,
                f -> {
                    f.tensors.tensor("bert.embeddings.position_ids", 1, 16);
                    f.tensors.tensor("bert.pooler.dense.weight", E, E);
                    Var x = f.bert("bert.", IN_ORDER, 2, true);
                    return List.of(f.tensors.linear("classifier", x, 3, true));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void bert_questionAnswering_givesStartAndEnd(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"bert\", \"num_hidden_layers\": 2, \"architectures\":"
                        + " [\"BertForQuestionAnswering\"]",
                true,
                f -> {
                    Var x = f.bert("bert.", IN_ORDER, 2, false);
                    Var y = f.tensors.linear("qa_outputs", x, 2, true);
                    return List.of(OracleSequences.channel(y, 0), OracleSequences.channel(y, 1));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void albert_twoGroupsOfTwoLayers_runEachTwice(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"albert\", \"num_hidden_layers\": 4, \"num_hidden_groups\": 2,"
                        + " \"inner_group_num\": 2, \"embedding_size\": 6, \"architectures\":"
                        + " [\"AlbertModel\"]",
                true,
                f -> {
                    Var x = f.albert("", 6);
                    return List.of(x, f.dense("pooler", f.first(x), OracleActivation.TANH));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void albert_maskedLanguageModel_scoresWithItsEmbeddings(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"albert\", \"num_hidden_layers\": 4, \"num_hidden_groups\": 2,"
                    + " \"inner_group_num\": 2, \"embedding_size\": 6, \"hidden_act\": \"gelu\","
                    + " \"architectures\": [\"AlbertForMaskedLM\"]",
                true,
                f -> {
                    f.feedForward = OracleActivation.GELU_ERF;
                    Var x = f.albert("albert.", 6);
                    return List.of(
                            f.scores(
                                    x,
                                    "predictions.dense",
                                    "predictions.LayerNorm",
                                    "predictions.bias",
                                    "albert.embeddings.word_embeddings.weight",
                                    6));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void distilBert_sequenceClassifier_hasReluInItsPooler(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"distilbert\", \"dim\": 12, \"hidden_dim\": 10, \"n_heads\": 3,"
                        + " \"n_layers\": 2, \"architectures\":"
                        + " [\"DistilBertForSequenceClassification\"], "
                        + THREE,
                false,
                f -> {
                    f.epsilon = 1e-12;
                    Var x = f.distilBert();
                    Var y = f.dense("pre_classifier", f.first(x), OracleActivation.RELU);
                    return List.of(f.tensors.linear("classifier", y, 3, true));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void modernBert_maskedLanguageModel_seesWindowsAndAll(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"modernbert\", \"num_hidden_layers\": 4, \"architectures\":"
                        + " [\"ModernBertForMaskedLM\"], \"global_rope_theta\": 300.0,"
                        + " \"local_rope_theta\": 20.0, "
                        + MODERN,
                false,
                f -> {
                    Var x = f.modernBert("model.", 2, false, 300, -20, -20, 300);
                    return List.of(f.modernScores(x, "model.embeddings.tok_embeddings.weight"));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void modernBert_sequenceClassifierWithBiases_poolsTheMean(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"modernbert\", \"num_hidden_layers\": 3, \"architectures\":"
                        + " [\"ModernBertForSequenceClassification\"], \"classifier_pooling\":"
                        + " \"mean\", \"global_rope_theta\": 300.0, \"local_rope_theta\": null,"
                        + " \"global_attn_every_n_layers\": 2, "
                        + MODERN
                        + ", "
                        + MODERN_BIASES
                        + ", "
                        + THREE,
                false,
                f -> {
                    Var x = f.mean(f.modernBert("model.", 2, true, 300, -300, 300));
                    Var y = f.modernHead(x, true);
                    return List.of(f.tensors.linear("classifier", y, 3, true));
                });
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void modernBert_tokenClassifierOfVersion5_hasTypesOfLayers(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        check(
                manager,
                dataType,
                "\"model_type\": \"modernbert\", \"num_hidden_layers\": 2, \"architectures\":"
                        + " [\"ModernBertForTokenClassification\"], \"layer_types\":"
                        + " [\"sliding_attention\", \"full_attention\"], \"rope_parameters\":"
                        + " {\"full_attention\": {\"rope_type\": \"default\", \"rope_theta\":"
                        + " 70.0}, \"sliding_attention\": {\"rope_type\": \"default\","
                        + " \"rope_theta\": 9.0}}, "
                        + MODERN
                        + ", "
                        + THREE,
                false,
                f -> {
                    Var x = f.modernHead(f.modernBert("model.", 2, false, -9, 70), false);
                    return List.of(f.tensors.linear("classifier", x, 3, true));
                });
    }

    private void check(
            NDManager manager,
            DataType dataType,
            String fields,
            boolean types,
            Function<EncoderFormulas, List<Var>> formula)
            throws IOException, MalformedModelException {
        Files.writeString(
                directory.resolve(Families.CONFIG_FILE), "{" + fields + ", " + SIZES + "}");
        EncoderFormulas formulas = new EncoderFormulas();
        List<Var> expected = new ArrayList<>(formula.apply(formulas));
        expected.addAll(formulas.states);
        formulas.tensors.write(manager, directory.resolve("model.safetensors"));
        LoadOptions options =
                LoadOptions.defaults().withDataType(dataType).withCompile(LoadOptions.Compile.OFF);
        KernelBlock model =
                CompiledRun.prepare(
                        HuggingFaceModels.loadBlock(directory, manager, options), manager);
        NDList inputs = new NDList(integers(manager, IDS), integers(manager, MASK));
        if (types) {
            inputs.add(integers(manager, TYPES));
        }
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.HIDDEN_STATES, true);

        NDList outputs = model.forward(new ParameterStore(manager, false), inputs, false, params);

        assertThat(outputs).hasSize(expected.size());
        Tolerance tolerance = Tolerance.of(dataType, 400, 2);
        for (int i = 0; i < outputs.size(); i++) {
            compare(i, expected.get(i), outputs.get(i), tolerance);
        }
    }

    /** Of padding no vectors are compared, but pooled ones are whole. */
    private static void compare(int index, Var expected, NDArray found, Tolerance tolerance) {
        long[] shape = Arrays.stream(expected.shape()).asLongStream().toArray();
        assertThat(found.getShape()).isEqualTo(new Shape(shape));
        double[] wanted = expected.values().clone();
        double[] given = HostValues.of(found);
        if (shape.length > 1 && shape[1] == S) {
            int width = wanted.length / (B * S);
            for (int i = 0; i < wanted.length; i++) {
                if (MASK[i / width] == 0) {
                    wanted[i] = 0;
                    given[i] = 0;
                }
            }
        }
        Margin margin = Margin.of(wanted, given, found.getShape(), tolerance);
        assertThat(margin).as("output %d", index).matches(Margin::isWithin, "is close");
    }

    private static NDArray integers(NDManager manager, double[] values) {
        long[] longs = Arrays.stream(values).mapToLong(v -> (long) v).toArray();
        return manager.create(longs, new Shape(B, S));
    }
}

package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Decoders of every family as files that continue a sequence, in DJL's PyTorch, against the logits
 * of transformers over the whole. The files stay for {@code docs/export/check_decoder.py}.
 */
class ExportedDecoderGoldenTest {

    private static final Path DIRECTORY = Path.of("target", "export-cases", "decoders");

    /** The window of the models that have one. */
    private static final int WINDOW = 5;

    @ParameterizedTest
    @CsvSource({
        "bloom, STATE, PYTORCH_1_13",
        "bloom, ARGUMENTS, PYTORCH_2_4",
        "deepseek_v3, STATE, PYTORCH_1_13",
        "deepseek_v3, ARGUMENTS, PYTORCH_1_13",
        "gemma2, STATE, PYTORCH_1_13",
        "gemma2, ARGUMENTS, PYTORCH_1_13",
        "gpt2, STATE, PYTORCH_1_13",
        "gpt2, ARGUMENTS, PYTORCH_1_13",
        "gpt_neox, STATE, PYTORCH_1_13",
        "llama, STATE, PYTORCH_1_13",
        "llama, ARGUMENTS, PYTORCH_1_13",
        "llama, STATE, PYTORCH_2_4",
        "llama_rope_llama3, STATE, PYTORCH_1_13",
        "mistral, STATE, PYTORCH_1_13",
        "mistral, ARGUMENTS, PYTORCH_1_13",
        "mistral, STATE, PYTORCH_2_4",
        "mixtral, STATE, PYTORCH_1_13",
        "olmo2, STATE, PYTORCH_1_13",
        "phi3, STATE, PYTORCH_1_13",
        "phi3_longrope_short, STATE, PYTORCH_1_13",
        "qwen2, ARGUMENTS, PYTORCH_1_13",
        "qwen3, STATE, PYTORCH_1_13"
    })
    void decoder_inPieces_givesTheLogitsOfTransformers(
            String family, CacheForm form, ExportTarget target) throws IOException, ModelException {
        Path directory = Golden.path("hf/" + family);
        ModelDescription description = HuggingFaceModels.describe(directory);
        Files.createDirectories(DIRECTORY);
        String name = family + "-" + form + "-" + target;
        Path file = DIRECTORY.resolve(name.toLowerCase(Locale.ROOT) + ".pt");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Golden golden = Golden.open("hf/" + family + "/golden.safetensors")) {
            boolean positions = golden.has("left.position_ids");
            Tolerance tolerance = tolerance(description, golden);
            CausalLanguageModel model =
                    HuggingFaceModels.load(directory, manager, DataType.FLOAT32);
            TorchScript.exportDecoder(
                    model,
                    file,
                    DecoderExportOptions.builder()
                            .optCaches(form)
                            .optPolicies(
                                    form == CacheForm.STATE ? policies(family, model) : List.of())
                            .optTarget(target)
                            .optMask(true)
                            .optPositions(positions)
                            .optAllLogits(true)
                            .build());
            try (Model loaded = Model.newInstance("decoder", "PyTorch")) {
                loaded.load(DIRECTORY, file.getFileName().toString());
                for (String scenario : List.of("left", "plain")) {
                    Case one = new Case(golden, scenario, positions, manager);
                    NDArray logits = one.run(loaded, form);
                    golden.assertCloseWhere(one.looks(), scenario + ".logits", logits, tolerance);
                    if (scenario.equals("left")) {
                        one.write(file, golden, form, tolerance);
                    }
                }
            }
        }
    }

    /** Inner channels are four times the others, or fewer. */
    private static Tolerance tolerance(ModelDescription description, Golden golden) {
        long tokens = golden.shape("plain.input_ids").get(1);
        long terms =
                description
                        .decoderConfig()
                        .map(config -> GoldenTolerance.terms(config, tokens))
                        .orElseGet(
                                () ->
                                        FusedTerms.of(
                                                description,
                                                tokens,
                                                4L * description.hiddenSize()));
        return GoldenTolerance.of(DataType.FLOAT32, terms);
    }

    /** Layers that look at a window keep it; every other layer of Gemma 2, all of Mistral. */
    private static List<CachePolicy> policies(String family, CausalLanguageModel model) {
        List<CachePolicy> policies = new ArrayList<>();
        for (int layer = 0; layer < model.getLayers(); layer++) {
            boolean local = family.equals("mistral") || (family.equals("gemma2") && layer % 2 == 0);
            policies.add(local ? CachePolicy.rolling(WINDOW) : CachePolicy.growing());
        }
        return policies;
    }

    /** A padded batch in pieces. */
    private record Case(
            NDArray ids, NDArray mask, NDList positions, List<Integer> ends, String scenario) {

        Case(Golden golden, String scenario, boolean positions, NDManager manager) {
            this(
                    golden.array(scenario + ".input_ids", manager, DataType.INT64),
                    golden.has(scenario + ".attention_mask")
                            ? golden.array(scenario + ".attention_mask", manager, DataType.INT64)
                            : manager.ones(golden.shape(scenario + ".input_ids"), DataType.INT64),
                    positions ? new NDList(positions(golden, scenario, manager)) : new NDList(),
                    List.of(4, 5, (int) golden.shape(scenario + ".input_ids").get(1)),
                    scenario);
        }

        private static NDArray positions(Golden golden, String scenario, NDManager manager) {
            String name = scenario + ".position_ids";
            if (golden.has(name)) {
                return golden.array(name, manager, DataType.INT64);
            }
            Shape shape = golden.shape(scenario + ".input_ids");
            return manager.arange(0, (float) shape.get(1), 1, DataType.INT64)
                    .expandDims(0)
                    .repeat(0, shape.get(0));
        }

        long[][] looks() {
            long[] flat = mask.toLongArray();
            int width = (int) mask.getShape().get(1);
            long[][] looks = new long[flat.length / width][];
            Arrays.setAll(looks, row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width));
            return looks;
        }

        NDArray run(Model model, CacheForm form) {
            NDList logits = new NDList();
            NDList past = new NDList();
            int start = 0;
            for (int end : ends) {
                NDArray marker = ids.getManager().create(0f);
                marker.setName("module_method:" + (start == 0 ? "prefill" : "decode"));
                NDList inputs = new NDList(marker);
                inputs.add(ids.get(new NDIndex(":, " + start + ":" + end)));
                inputs.add(mask.get(new NDIndex(":, :" + end)));
                for (NDArray given : positions) {
                    inputs.add(given.get(new NDIndex(":, " + start + ":" + end)));
                }
                past.forEach(held -> held.setName("past[]"));
                inputs.addAll(past);
                ParameterStore store = new ParameterStore(ids.getManager(), false);
                NDList outputs = model.getBlock().forward(store, inputs, false);
                logits.add(outputs.get(0));
                past = outputs.subNDList(1);
                assertThat(past.isEmpty()).isEqualTo(form == CacheForm.STATE);
                start = end;
            }
            return NDArrays.concat(logits, 1);
        }

        void write(Path file, Golden golden, CacheForm form, Tolerance tolerance)
                throws IOException {
            double[] expected = golden.values(scenario + ".logits.f64");
            double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
            Shape shape = golden.shape(scenario + ".logits.f64");
            double[] allowed =
                    Arrays.stream(expected).map(one -> tolerance.allowed(one, scale)).toArray();
            SafetensorsWriter writer =
                    new SafetensorsWriter()
                            .add("expected", expected, shape, StoredType.F64)
                            .add("allowed", allowed, shape, StoredType.F64)
                            .add("ids", ids)
                            .add("mask", mask);
            for (NDArray given : positions) {
                writer.add("positions", given);
            }
            writer.addMetadata("caches", form.name().toLowerCase(Locale.ROOT));
            writer.addMetadata(
                    "ends", String.join(" ", ends.stream().map(String::valueOf).toList()));
            String stem = String.valueOf(file.getFileName()).replace(".pt", ".safetensors");
            writer.write(file.resolveSibling(stem));
        }
    }
}

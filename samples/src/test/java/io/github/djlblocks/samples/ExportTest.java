package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The file that the sample writes, run as an ordinary model of DJL. */
class ExportTest {

    private static final String PROMPT = "Once upon a time, a small fox named Ruby";
    private static final long END = 2;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir private Path directory;

    private int run(String... args) {
        return Export.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    /** Greedy tokens of a file whose module keeps the sequence. */
    private static List<Long> tell(Model model, NDManager manager, long... prompt) {
        List<Long> told = new ArrayList<>();
        long[] next = prompt;
        while (told.size() < 200) {
            NDArray method = manager.create(0f);
            method.setName("module_method:" + (told.isEmpty() ? "prefill" : "decode"));
            NDList inputs = new NDList(method, manager.create(new long[][] {next}));
            NDArray logits =
                    model.getBlock()
                            .forward(new ParameterStore(manager, false), inputs, false)
                            .get(0);
            long token = logits.argMax(-1).getLong(0, 0);
            told.add(token);
            if (token == END) {
                return told;
            }
            next = new long[] {token};
        }
        return told;
    }

    @ParameterizedTest
    @CsvSource({"float32, 1.13", "float32, 2.4", "float16, 1.13"})
    void run_file_tellsTheStoryOfTheModel(String weights, String target)
            throws IOException, ModelException {
        Path file = directory.resolve("story.pt");
        int code = run(file.toString(), "--weights", weights, "--target", target);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString()).contains("story.pt: ", "bytes, " + weights);

        Path source = ShippedModel.directory();
        try (ZooModel<String, String> ours =
                        HuggingFaceModels.textGeneration(source, "PyTorch", Device.cpu())
                                .build()
                                .loadModel();
                TextGenerator generator = TextGenerator.of(ours);
                Model model = Model.newInstance("story", "PyTorch");
                NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            TextGenerator.Result expected = generator.generate(PROMPT, generator.options(200));
            model.load(directory, "story.pt", Map.of("extraFiles", "config.json,tokenizer.json"));

            assertThat(tell(model, manager, expected.promptTokens()))
                    .isEqualTo(LongStream.of(expected.tokens()).boxed().toList())
                    .hasSizeGreaterThan(20);
            for (String name : List.of("config.json", "tokenizer.json")) {
                assertThat(model.getProperty(name))
                        .isEqualTo(Files.readString(source.resolve(name)));
            }
        }
    }

    @Test
    void run_formats_makeSmallerFiles() throws IOException {
        Map<String, Long> sizes = new HashMap<>();
        for (String format : List.of("float32", "float16", "bfloat16", "int8", "int4")) {
            Path file = directory.resolve(format + ".pt");
            assertThat(run(file.toString(), "--weights", format)).as(err.toString()).isZero();
            sizes.put(format, Files.size(file));
        }
        // 788k of the 854k numbers are weights of linear maps; 66k are the table.
        long table = 512 * 128 * 4;
        long maps = 786_432;
        // Three methods of four layers are 65 KB of text, entries of the zip some more.
        long others = 100_000 + Files.size(ShippedModel.directory().resolve("tokenizer.json"));
        assertThat(sizes.get("float32")).isBetween(4 * maps + table, 4 * maps + table + others);
        assertThat(sizes.get("float16")).isBetween(2 * maps + table, 2 * maps + table + others);
        assertThat(sizes.get("bfloat16"))
                .isBetween(2 * maps + table / 2, 2 * maps + table / 2 + others);
        assertThat(sizes.get("int8")).isBetween(maps + table, maps + table + others + maps / 32);
        assertThat(sizes.get("int4"))
                .isBetween(maps * 5 / 8 + table / 2, maps * 5 / 8 + table / 2 + others);
    }

    @Test
    void run_unknownTarget_saysSo() {
        assertThat(run(directory.resolve("a.pt").toString(), "--target", "0.4")).isEqualTo(1);
        assertThat(err.toString().strip())
                .isEqualTo("'0.4' is unknown: see the values in export --help");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void run_directoryThatIsNotThere_saysSo() {
        assertThat(run(directory.resolve("no/a.pt").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("its directory does not exist: create it first");
    }
}

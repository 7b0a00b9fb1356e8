package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.util.Progress;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.checkpoint.CheckpointWriter;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;

/** Whatever can be loaded can be saved, and is the same when it is loaded again. */
class SavedModelsTest {

    private static final LoadOptions PLAIN =
            LoadOptions.defaults().withCompile(LoadOptions.Compile.OFF);

    private static final long TINY = 3000;

    /** Of every model there is. */
    static List<Path> directories() throws IOException {
        List<Path> known = new ArrayList<>();
        try (Stream<Path> all = Files.list(Golden.path("hf"))) {
            for (Path directory : all.sorted().toList()) {
                if (Files.exists(directory.resolve(Families.CONFIG_FILE))
                        && Families.modelTypes()
                                .contains(config(directory).get("model_type").getAsString())) {
                    known.add(directory);
                }
            }
        }
        assertThat(known).hasSizeGreaterThan(5);
        return known;
    }

    private static JsonObject config(Path directory) throws IOException {
        return JsonParser.parseString(Files.readString(directory.resolve(Families.CONFIG_FILE)))
                .getAsJsonObject();
    }

    @EachEngine
    void save_everyFamilyInEveryType_isTheSameWhenLoadedAgain(
            NDManager manager, @TempDir Path folder) throws IOException, MalformedModelException {
        for (Path directory : directories()) {
            try (NDManager own = manager.newSubManager()) {
                KernelBlock model = HuggingFaceModels.loadBlock(directory, own, PLAIN);
                for (StoredType type :
                        new StoredType[] {StoredType.F32, StoredType.BF16, StoredType.F16}) {
                    Path whole = folder.resolve(directory.getFileName() + "-" + type);
                    HuggingFaceModels.save(model, directory, whole, type);
                    assertThat(whole.resolve(Checkpoints.SINGLE_FILE)).exists();
                    compare(model, directory, whole, type, own);

                    Path shards = folder.resolve(directory.getFileName() + "-shards-" + type);
                    HuggingFaceModels.save(model, directory, shards, type, TINY);
                    assertThat(shards.resolve(Checkpoints.SINGLE_FILE)).doesNotExist();
                    compare(model, directory, shards, type, own);
                }
            }
        }
    }

    private static void compare(
            KernelBlock model, Path source, Path saved, StoredType type, NDManager manager)
            throws IOException, MalformedModelException {
        try (TensorSource stored = Checkpoints.open(source);
                TensorSource written = Checkpoints.open(saved)) {
            assertThat(stored.names()).as("of %s", source).containsAll(written.names());
            for (String name : written.names()) {
                assertThat(written.info(name).type()).isEqualTo(type);
                assertThat(written.info(name).shape()).isEqualTo(stored.info(name).shape());
                assertThat(written.readDoubles(name))
                        .as("%s of %s", name, saved)
                        .containsExactly(rounded(stored.readDoubles(name), type));
            }
        }
        KernelBlock loaded = HuggingFaceModels.loadBlock(saved, manager, PLAIN);
        Map<String, Parameter> before = ParameterPaths.of(model);
        Map<String, Parameter> after = ParameterPaths.of(loaded);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach(
                (path, parameter) -> {
                    Parameter was = Objects.requireNonNull(before.get(path));
                    assertThat(HostValues.of(parameter.getArray()))
                            .as("%s of %s", path, saved)
                            .containsExactly(rounded(HostValues.of(was.getArray()), type));
                });
        assertThat(config(saved).get("torch_dtype").getAsString())
                .isEqualTo(
                        switch (type) {
                            case BF16 -> "bfloat16";
                            case F16 -> "float16";
                            default -> "float32";
                        });
    }

    /** To nearest, ties to even: 7 binary digits from 2^-126 on, or 10 from 2^-14 on. */
    private static double[] rounded(double[] values, StoredType type) {
        if (type == StoredType.F32) {
            return values;
        }
        int digits = type == StoredType.BF16 ? 7 : 10;
        int least = type == StoredType.BF16 ? -126 : -14;
        return Arrays.stream(values)
                .map(
                        value -> {
                            int exponent = Math.max(least, Math.getExponent(value));
                            double unit = Math.scalb(1.0, exponent - digits);
                            return Math.rint(value / unit) * unit;
                        })
                .toArray();
    }

    /** Where nothing is compiled, a head that is the table is rounded apart from it. */
    @EachEngine
    void save_tiedHeadOfItsOwn_isDroppedOrRefused(NDManager manager, @TempDir Path folder)
            throws IOException, MalformedModelException {
        Path gpt2 = Golden.path("hf/gpt2");
        KernelBlock same =
                HuggingFaceModels.loadBlock(
                        gpt2, manager, PLAIN.withWeights(WeightFormat.parse("float32")));
        assertThat(ParameterPaths.of(same)).containsKey("head.weight");
        HuggingFaceModels.save(same, gpt2, folder.resolve("same"), StoredType.F32);
        compare(
                HuggingFaceModels.loadBlock(gpt2, manager, PLAIN),
                gpt2,
                folder.resolve("same"),
                StoredType.F32,
                manager);

        KernelBlock apart =
                HuggingFaceModels.loadBlock(
                        gpt2, manager, PLAIN.withWeights(WeightFormat.parse("int8")));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                HuggingFaceModels.save(
                                        apart, gpt2, folder.resolve("apart"), StoredType.F32))
                .withMessage(
                        "the values of head.weight are not those of embedding.weight, which the"
                                + " configuration says they are: describe the model with"
                                + " tie_word_embeddings false");
        assertThat(folder.resolve("apart")).doesNotExist();
    }

    @EachEngine
    void save_configurationOfAnotherModel_isRefused(NDManager manager, @TempDir Path folder)
            throws IOException, MalformedModelException {
        KernelBlock bloom = HuggingFaceModels.loadBlock(Golden.path("hf/bloom"), manager, PLAIN);
        Path config = Files.writeString(folder.resolve("other.json"), "{\"model_type\":\"bloom\"}");

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                HuggingFaceModels.save(
                                        bloom,
                                        config,
                                        folder.resolve("saved"),
                                        StoredType.F32,
                                        CheckpointWriter.DEFAULT_SHARD_BYTES))
                .withMessageStartingWith("the configuration does not describe this model: it has {")
                .withMessageContaining("embedding.weight=(250880, 64)")
                .withMessageContaining("embedding.weight=(96, 32)");
        assertThat(folder.resolve("saved")).doesNotExist();
    }

    /** Counts what it is told. */
    private static final class Counter implements Progress {

        private long max;
        private long count;
        private boolean ended;

        @Override
        public void reset(String message, long newMax, @Nullable String trailingMessage) {
            max = newMax;
        }

        @Override
        public void start(long initialProgress) {
            count = initialProgress;
        }

        @Override
        public void end() {
            ended = true;
        }

        @Override
        public void increment(long increment) {
            count += increment;
        }

        @Override
        public void update(long progress, @Nullable String message) {
            count = progress;
        }
    }

    @EachEngine
    void load_withProgress_countsEveryParameter(NDManager manager)
            throws IOException, MalformedModelException {
        Path gpt2 = Golden.path("hf/gpt2");
        for (LoadOptions options :
                List.of(
                        LoadOptions.defaults(),
                        LoadOptions.defaults().withWeights(WeightFormat.parse("int8")))) {
            Counter counter = new Counter();
            LoadOptions told =
                    LoadOptions.of(Map.of("progress", counter))
                            .withCompile(LoadOptions.Compile.AUTO);
            LoadOptions asked = options.withProgress(counter);
            KernelBlock model = HuggingFaceModels.loadBlock(gpt2, manager, asked);

            assertThat(counter.max).isEqualTo(ParameterPaths.of(model).size());
            assertThat(counter.count).isEqualTo(counter.max);
            assertThat(counter.ended).isTrue();
            counter.count = 0;
            HuggingFaceModels.loadBlock(gpt2, manager, told);
            assertThat(counter.count).isEqualTo(counter.max);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadOptions.of(Map.of("progress", "bar")))
                .withMessage(
                        "progress (bar) must be an ai.djl.util.Progress: give the object, in"
                                + " Criteria.optArgument");
    }
}

package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.parity.EachEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;

/** A run that ends and goes on elsewhere is the run that did not end. */
class TrainingResumeTest {

    @TempDir private Path directory;

    /** With dropout, so that random numbers count. */
    private static SequentialBlock block(NDManager manager) {
        SequentialBlock block = new SequentialBlock();
        block.add(TokenEmbedding.of(SmallRuns.VOCABULARY, 8));
        block.add(Linear.withBias(8, 12));
        block.add(LayerNorm.builder().setChannels(12).build());
        block.add(Dropout.of(0.25));
        block.add(Linear.withBias(12, SmallRuns.VOCABULARY));
        block.setInitializer(
                new SeededNormalInitializer(7, 0.3),
                parameter -> parameter.getShape().dimension() == 2);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
        return block;
    }

    private static TrainingRun run(SequentialBlock block, AdamW optimizer) {
        return SmallRuns.run(block, optimizer)
                .setData(new SmallRuns.TokensOnly(SmallRuns.counting(4)))
                .optAccumulation(2)
                .optClipNorm(1)
                .optSeed(9)
                .build();
    }

    @EachEngine(leavesNothingOpen = true)
    void resume_elsewhere_goesOnBitForBit(NDManager manager) throws Exception {
        SequentialBlock straight = block(manager);
        List<TrainingStep> expected = new ArrayList<>();
        try (AdamW optimizer = SmallRuns.adamW(straight);
                TrainingRun run = run(straight, optimizer)) {
            run.run(25, expected::add);
        }
        List<TrainingStep> found = new ArrayList<>();
        SequentialBlock first = block(manager);
        try (AdamW optimizer = SmallRuns.adamW(first);
                TrainingRun run = run(first, optimizer)) {
            run.run(5, found::add);
            run.save(directory);
            run.run(6, found::add);
            run.save(directory);
        }
        SequentialBlock second = block(manager);
        try (AdamW optimizer = SmallRuns.adamW(second);
                TrainingRun run = run(second, optimizer)) {
            run.run(3, step -> assertThat(step.loss()).isFinite());
            run.resume(directory);
            assertThat(run.step()).isEqualTo(11);
            run.run(14, found::add);
        }
        assertThat(found).isEqualTo(expected);
        Map<String, double[]> values = SmallRuns.values(second);
        SmallRuns.values(straight)
                .forEach((path, numbers) -> assertThat(values.get(path)).isEqualTo(numbers));
        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "training.json", "parameters.safetensors", "optimizer.safetensors");
        }
    }

    @EachEngine
    void resume_anotherRun_isRefusedAndChangesNothing(NDManager manager) throws Exception {
        CausalLanguageModel saved = SmallRuns.decoder(manager, true);
        save(saved, UnaryOperator.identity());
        refused(manager, true, b -> b.optSeed(1), "its seed is 0, here it is 1");
        refused(manager, true, b -> b.optAccumulation(3), "its accumulation is 1, here it is 3");
        refused(
                manager,
                true,
                b -> b.setData(SmallRuns.counting(5)),
                "its data is 40 sequences, 4 a batch, seed 11, checksum ");
        refused(manager, true, b -> b.optClipNorm(2), "its clip norm is Infinity, here it is 2.0");
        // Another optimizer follows from other parameters.
        refused(manager, false, b -> b, "its optimizer is AdamW beta1 0.9, beta2 0.999");
    }

    private void save(CausalLanguageModel block, UnaryOperator<TrainingRunBuilder> change)
            throws IOException {
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = change.apply(SmallRuns.run(block, optimizer)).build()) {
            run.run(2, step -> assertThat(step.loss()).isFinite());
            run.save(directory);
        }
    }

    private void refused(
            NDManager manager,
            boolean tied,
            UnaryOperator<TrainingRunBuilder> change,
            String difference) {
        CausalLanguageModel block = SmallRuns.decoder(manager, tied);
        Map<String, double[]> before = SmallRuns.values(block);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = change.apply(SmallRuns.run(block, optimizer)).build()) {
            assertThatThrownBy(() -> run.resume(directory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(directory + " was saved by another run: " + difference)
                    .hasMessageEndingWith("; use the block, data and settings it was begun with");
            assertThat(run.step()).isZero();
            assertThat(optimizer.updates()).isEmpty();
        }
        SmallRuns.values(block)
                .forEach((path, numbers) -> assertThat(before.get(path)).isEqualTo(numbers));
    }

    /** Frozen weights are not saved: others in their place would give other losses in silence. */
    @EachEngine
    void resume_overAnotherBase_isRefused(NDManager manager) throws Exception {
        CausalLanguageModel saved = SmallRuns.decoder(manager, true);
        saved.freezeParameters(true, parameter -> parameter.getShape().dimension() == 2);
        save(saved, UnaryOperator.identity());
        assertThat(Files.size(directory.resolve("parameters.safetensors"))).isLessThan(3000);
        CausalLanguageModel other = SmallRuns.decoder(manager, true);
        other.getParameters().get(0).getValue().getArray().muli(2);
        other.freezeParameters(true, parameter -> parameter.getShape().dimension() == 2);
        try (AdamW optimizer = SmallRuns.adamW(other);
                TrainingRun run = SmallRuns.run(other, optimizer).build()) {
            assertThatThrownBy(() -> run.resume(directory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("what is frozen is 22 parameters, checksum ");
        }
    }

    @EachEngine
    void resume_damagedFiles_areNamedAndChangeNothing(NDManager manager) throws Exception {
        CausalLanguageModel block = SmallRuns.decoder(manager, true);
        save(block, UnaryOperator.identity());
        Map<String, double[]> before = SmallRuns.values(block);
        Path optimizerFile = directory.resolve("optimizer.safetensors");
        byte[] whole = Files.readAllBytes(optimizerFile);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = SmallRuns.run(block, optimizer).build()) {
            Files.write(optimizerFile, Arrays.copyOf(whole, whole.length - 10));
            assertThatThrownBy(() -> run.resume(directory))
                    .hasMessageContaining("optimizer.safetensors");
            Files.write(optimizerFile, whole);
            Path notes = directory.resolve("training.json");
            Files.write(notes, "{\"version\": 1, ".getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> run.resume(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(notes + " is damaged: ");
            Files.write(notes, "{\"version\": 1}".getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> run.resume(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessage(notes + " is damaged: settings or updates are missing");
            Files.delete(notes);
            assertThatThrownBy(() -> run.resume(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessage(notes + ": no training run was saved there");
            assertThat(optimizer.updates()).isEmpty();
        }
        SmallRuns.values(block)
                .forEach((path, numbers) -> assertThat(before.get(path)).isEqualTo(numbers));
    }
}

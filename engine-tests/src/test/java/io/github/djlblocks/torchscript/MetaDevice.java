package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.PairList;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs compiled passes on the engine's device {@code meta}, on which arrays have a type and a shape
 * but no numbers. Like a GPU it refuses an array of the processor beside one of its own: what a
 * script makes must be made where its inputs are.
 */
final class MetaDevice {

    /** What only a processor has. */
    private static final Pattern OF_PROCESSORS =
            Pattern.compile("ops\\.(mkldnn|quantized|onednn)|_for_cpu|_int_mm|int8pack_mm");

    /** Operators that know nothing of the device, and what stands for them. */
    private static final Map<String, String> OPERATORS =
            Map.ofEntries(
                    Map.entry("torch\\.(abs|relu|log_sigmoid)\\(", "self.meta_alike("),
                    Map.entry("\\.flip\\([^)]*\\)", ".clone()"),
                    Map.entry("torch\\.roll\\(", "self.meta_roll("),
                    Map.entry("torch\\.where\\(", "self.meta_where("),
                    Map.entry("torch\\.logical_(and|or)\\(", "self.meta_both("),
                    Map.entry(" >> ", " & "),
                    Map.entry("torch\\.embedding\\(", "self.meta_embedding("),
                    Map.entry("torch\\.index_select\\(", "self.meta_index_select("),
                    Map.entry("p\\.index_select\\(", "self.meta_index_select(p, "),
                    Map.entry("torch\\.layer_norm\\(", "self.meta_layer_norm("),
                    Map.entry("torch\\.scaled_dot_product_attention\\(", "self.meta_attention("));

    /** Questions for numbers, which no array has there, and an answer. */
    private static final Map<String, String> NUMBERS =
            Map.of(
                    "bool\\(torch\\.all\\(\\w+\\)\\)", "False",
                    "int\\(torch\\.max\\(\\w+\\)\\)", "0",
                    "torch\\.nonzero\\(", "self.meta_nonzero(",
                    "torch\\.bincount\\(.*, None, (\\d+)\\)\\.tolist",
                            "torch.ones([$1], dtype=4).tolist");

    private MetaDevice() {}

    /**
     * Compiles the pass for any device and runs it on meta.
     *
     * @return zeros of the shapes and types of the results
     */
    static NDList forward(
            Block block,
            NDManager manager,
            NDList inputs,
            @Nullable PairList<String, Object> params,
            CompileOptions given) {
        CompileOptions options = given.forAnyDevice();
        PtNDManager ours = BlockRunner.pyTorch(manager);
        WeightShare weights = new WeightShare(block, options, ours.getDevice());
        weights.join();
        PassCompiler compiler =
                new PassCompiler(block, options, weights, ours) {
                    @Override
                    ScriptModule module(List<String> methods) {
                        assertThat(methods)
                                .noneMatch(method -> OF_PROCESSORS.matcher(method).find());
                        return super.module(onMeta(methods));
                    }
                };
        PassArguments arguments = new PassArguments(inputs, params);
        try (CompiledPass pass = compiler.compile(arguments)) {
            return Objects.requireNonNull(pass.run(ours, arguments));
        } finally {
            weights.leave();
        }
    }

    /** A script over arrays there: its method {@code run} first moves what it is given. */
    static List<String> onMeta(List<String> methods) {
        List<String> all = new ArrayList<>();
        for (String method : methods) {
            String text = method.replaceFirst("def run\\(", "def run_there(");
            for (Map<String, String> replaced : List.of(OPERATORS, NUMBERS)) {
                for (Map.Entry<String, String> each : replaced.entrySet()) {
                    text = text.replaceAll(each.getKey(), each.getValue());
                }
            }
            all.add(text);
        }
        all.addAll(library());
        return all;
    }

    private static List<String> library() {
        try (InputStream stream =
                Objects.requireNonNull(MetaDevice.class.getResourceAsStream("meta.py"))) {
            String text =
                    new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> !line.isBlank() && !line.startsWith("#"))
                            .collect(Collectors.joining("\n", "", "\n"))
                            .replace("(self, ", "(self: " + Script.CLASS + ", ");
            return List.of(text.split("(?m)^(?=def )"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

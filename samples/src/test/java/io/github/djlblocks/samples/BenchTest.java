package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.awt.image.BufferedImage;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;

class BenchTest {

    /** How far the output of a format may be from float32's here: matrices of 64 columns. */
    private static final Map<String, Double> FARTHEST =
            Map.of("float32", 1e-5, "bfloat16", 0.1, "int8", 0.2, "int4", 0.6);

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Bench.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void run_tinyModels_everyContenderIsMeasuredOnEveryEngine(@TempDir Path folder)
            throws Exception {
        Path json = folder.resolve("new/bench.json");
        Path svg = folder.resolve("bench.svg");
        Path png = folder.resolve("bench.png");
        Set<String> engines = new TreeSet<>();
        EnginesUnderTest.discover().forEach(engine -> engines.add(engine.engineName()));

        int code =
                run(
                        "--workload=W0,W0T,W0E",
                        "--engine=" + String.join(",", engines),
                        "--quick",
                        "--rounds=2",
                        "--threads=1",
                        "--json=" + json,
                        "--chart=" + svg + ',' + png);

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        JsonObject root = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
        assertThat(root.get("rounds").getAsInt()).isEqualTo(2);
        JsonArray facts = root.getAsJsonObject("machine").getAsJsonArray("engines");
        assertThat(facts).hasSize(engines.size());
        assertThat(facts.get(engines.size() - 1).getAsJsonObject().get("threads").getAsString())
                .isEqualTo("1");
        Map<String, JsonObject> results = new HashMap<>();
        for (JsonElement element : root.getAsJsonArray("results")) {
            results.put(name(element.getAsJsonObject()), element.getAsJsonObject());
        }
        List<String> measured = new ArrayList<>();
        for (JsonElement element : root.getAsJsonArray("results")) {
            JsonObject result = element.getAsJsonObject();
            measured.add(name(result));
            checkNumbers(result);
            checkRatios(result, results);
        }
        assertThat(measured).containsExactlyInAnyOrderElementsOf(expected(engines));
        checkCharts(svg, png, 5 * engines.size());
        assertThat(out.toString())
                .contains("PyTorch 2.7.1, threads: 1")
                .contains("W0 a tiny decoder, prefill of 12 tokens, PyTorch")
                .contains("W0T a tiny tied decoder, decode after 8 tokens, PyTorch")
                .contains("W0E a tiny encoder, encode 2 x 8, PyTorch")
                .contains("contender format      tokens/s    ms/step  spread /products");
    }

    private static String name(JsonObject result) {
        List<String> parts = new ArrayList<>();
        for (String key : List.of("workload", "mode", "engine", "contender", "format")) {
            parts.add(result.get(key).getAsString());
        }
        return String.join(" ", parts);
    }

    private static List<String> expected(Set<String> engines) {
        List<String> names = new ArrayList<>();
        for (String where :
                List.of("W0 prefill", "W0 decode", "W0T prefill", "W0T decode", "W0E encode")) {
            for (String engine : engines) {
                boolean torch = engine.equals("PyTorch");
                String start = where + ' ' + engine + ' ';
                names.add(start + "products float32");
                names.add(start + "portable float32");
                if (where.startsWith("W0E")) {
                    names.add(start + "djl float32");
                }
                if (torch) {
                    names.add(start + "script float32");
                    names.add(start + "compiled float32");
                    for (String format : List.of("bfloat16", "int8", "int4")) {
                        names.add(start + "products " + format);
                        names.add(start + "script " + format);
                        names.add(start + "compiled " + format);
                    }
                }
            }
        }
        return names;
    }

    private static void checkNumbers(JsonObject result) {
        String contender = result.get("contender").getAsString();
        String format = result.get("format").getAsString();
        JsonArray seconds = result.getAsJsonArray("seconds");
        assertThat(seconds).hasSize(2);
        double median = (seconds.get(0).getAsDouble() + seconds.get(1).getAsDouble()) / 2;
        assertThat(median).isPositive();
        assertThat(result.get("tokensPerSecond").getAsDouble())
                .isEqualTo(result.get("tokensPerStep").getAsInt() / median);
        Set<String> references = new TreeSet<>(Set.of("products", "portable"));
        if (result.get("engine").getAsString().equals("PyTorch")) {
            references.addAll(List.of("script", "compiled"));
        }
        if (result.get("workload").getAsString().equals("W0E")) {
            references.add("djl");
        }
        references.remove(contender);
        assertThat(result.getAsJsonObject("timeOver").keySet()).isEqualTo(references);
        boolean model = !contender.equals("products") && !contender.equals("djl");
        assertThat(result.has("difference")).as(name(result)).isEqualTo(model);
        if (model) {
            assertThat(result.get("difference").getAsDouble())
                    .as(name(result))
                    .isBetween(0.0, FARTHEST.get(format));
        }
    }

    /** Of two rounds the median quotient is the mean of both. */
    private static void checkRatios(JsonObject result, Map<String, JsonObject> results) {
        JsonObject ratios = result.getAsJsonObject("timeOver");
        for (String kind : ratios.keySet()) {
            JsonObject key = result.deepCopy();
            key.addProperty("contender", kind);
            if (kind.equals("portable") || kind.equals("djl")) {
                key.addProperty("format", "float32");
            }
            JsonArray own = result.getAsJsonArray("seconds");
            JsonArray other =
                    Objects.requireNonNull(results.get(name(key))).getAsJsonArray("seconds");
            double first = own.get(0).getAsDouble() / other.get(0).getAsDouble();
            double second = own.get(1).getAsDouble() / other.get(1).getAsDouble();
            assertThat(ratios.get(kind).getAsDouble())
                    .as(name(result) + " over " + kind)
                    .isCloseTo((first + second) / 2, withinPercentage(1e-6));
        }
    }

    private static void checkCharts(Path svg, Path png, int panels) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        // The file names SVG's own DTD, which lies in the network.
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        Document document = factory.newDocumentBuilder().parse(svg.toFile());
        assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
        // A bar for each result at least; letters are outlines, too.
        assertThat(document.getElementsByTagName("path").getLength()).isGreaterThan(20 * panels);
        BufferedImage image = ImageIO.read(png.toFile());
        assertThat(image.getWidth()).isEqualTo(2 * 640);
        assertThat(image.getHeight()).isEqualTo((panels + 1) / 2 * 400);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--workload|unknown workload 'nope', known: W1, W2, W3, W0, W0T, W0E",
                "--format|unknown format 'nope', known: float32, bfloat16, int8, int4",
                "--contender|unknown contender 'nope', known: products, script, compiled, portable,"
                        + " djl",
                "--mode|unknown mode 'nope', known: prefill, decode, encode"
            })
    void run_unknownValue_listsTheKnownOnes(String option, String message) {
        assertThat(run(option, "nope")).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void run_unknownEngine_saysWhatThereIs() {
        assertThat(run("--engine=TensorFlow")).isEqualTo(1);
        assertThat(err.toString())
                .contains("engine 'TensorFlow' is not on the classpath, found [")
                .contains("PyTorch");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--chart=bench.pdf|chart file bench.pdf must end with .svg or .png",
                "--rounds=0|rounds (0) must be at least 1",
                "--threads=0|threads (0) must be at least 1",
                "--mode=encode|nothing to measure: engines [PyTorch] have no contender of",
                "--mode=encode|and modes [encode] for workloads [W0]",
                "--contender=djl|of [djl] in formats [float32, bfloat16, int8, int4]"
            })
    void run_wrongValue_saysWhy(String option, String message) {
        assertThat(run("--workload=W0", option)).isEqualTo(1);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void run_help_namesEveryOption() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("--workload", "--engine", "--format", "--contender", "--mode")
                .contains("--rounds", "--threads", "--quick", "--json", "--chart")
                .contains("below 1 is faster");
    }
}

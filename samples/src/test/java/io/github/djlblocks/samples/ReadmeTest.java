package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The README says what the sources say. */
class ReadmeTest {

    private static final Path README = Path.of("..", "README.md");
    private static final Path MAIN = Path.of("src/main/java/io/github/djlblocks/samples");
    private static final Path TEST = Path.of("src/test/java/io/github/djlblocks/samples");

    @ParameterizedTest
    @ValueSource(strings = {"generate", "stream", "chat", "block", "compile", "export", "decoder"})
    void code_inReadme_isTheCodeOfQuickStart(String name) throws IOException {
        same(name, MAIN.resolve("QuickStart.java"));
    }

    @Test
    void ownBlock_inReadme_isTheTestedOne() throws IOException {
        same("own", MAIN.resolve("TanhGate.java"));
        same("contract", TEST.resolve("TanhGateTest.java"));
    }

    @Test
    void hybrid_inReadme_isTheTestedOne() throws IOException {
        same("hybrid", MAIN.resolve("FineTuneHybrid.java"));
    }

    private static void same(String name, Path source) throws IOException {
        String inReadme =
                between(README, "<!-- code: " + name + " -->\n```java\n", "```\n").stripTrailing();
        String inSource = between(source, "// README: " + name + "\n", "// README: end");
        assertThat(inReadme).isEqualTo(inSource.stripTrailing().stripIndent());
    }

    @Test
    void bashBlocks_ofReadme_areTheTwoCommands() throws IOException {
        List<String> blocks =
                Pattern.compile("(?s)```bash\n(.*?)```")
                        .matcher(Files.readString(README))
                        .results()
                        .map((MatchResult match) -> match.group(1).strip())
                        .toList();
        assertThat(blocks).containsExactly("mvn -q -Prun package", "mvn -B verify");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "README.md",
                "docs/design-decisions.md",
                "docs/story-model.md",
                "docs/torchscript-in-python.md"
            })
    void links_toFiles_leadSomewhere(String page) throws IOException {
        Path file = Path.of("..").resolve(page);
        List<String> links =
                Pattern.compile("]\\(([^)#]+)\\)")
                        .matcher(Files.readString(file))
                        .results()
                        .map((MatchResult match) -> match.group(1))
                        .filter(link -> !link.startsWith("http"))
                        .toList();
        assertThat(links).allSatisfy(link -> assertThat(file.resolveSibling(link)).exists());
    }

    private static String between(Path file, String start, String end) throws IOException {
        String text = Files.readString(file);
        int from = text.indexOf(start);
        assertThat(from).as("%s in %s", start, file).isNotNegative();
        from += start.length();
        return text.substring(from, text.indexOf(end, from));
    }
}

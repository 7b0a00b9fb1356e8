package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The README says what the sources say. */
class ReadmeTest {

    private static final Path README = Path.of("..", "README.md");
    private static final Path DOCS = Path.of("..", "docs");
    private static final Path SOURCES = Path.of("src");

    /** A file, none for this page, and a heading of it or none. */
    private static final Pattern LINK = Pattern.compile("]\\(([^)#]*)(?:#([^)]+))?\\)");

    static List<String> code() throws IOException {
        return Pattern.compile("<!-- code: (\\w+) -->")
                .matcher(Files.readString(README))
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    @Test
    void code_ofReadme_isMarked() throws IOException {
        assertThat(code()).contains("generate", "train", "own").doesNotHaveDuplicates();
        assertThat(Files.readString(README).split("```java", -1)).hasSize(code().size() + 1);
    }

    @ParameterizedTest
    @MethodSource("code")
    void code_inReadme_isThatOfASource(String name) throws IOException {
        String inReadme =
                between(README, "<!-- code: " + name + " -->\n```java\n", "```\n").stripTrailing();
        String mark = "// README: " + name + "\n";
        List<Path> marked = new ArrayList<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                if (Files.readString(file).contains(mark)) {
                    marked.add(file);
                }
            }
        }
        assertThat(marked).hasSize(1);
        String inSource = between(marked.get(0), mark, "// README: end");
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

    static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.list(DOCS)) {
            Stream<Path> pages = docs.filter(page -> page.toString().endsWith(".md"));
            return Stream.concat(Stream.of(README), pages).toList();
        }
    }

    /** To a file that is there, and to a heading in it. */
    @ParameterizedTest
    @MethodSource("pages")
    void links_toFiles_leadSomewhere(Path page) throws IOException {
        for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
            if (link.group(1).startsWith("http")) {
                continue;
            }
            Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
            assertThat(target).exists();
            if (link.group(2) != null) {
                assertThat(anchors(target)).as("%s", target).contains(link.group(2));
            }
        }
    }

    /** As GitHub makes them of headings: letters, digits and hyphens, a hyphen for a space. */
    private static List<String> anchors(Path page) throws IOException {
        return Files.readAllLines(page).stream()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
                .map(line -> line.replaceAll("[^\\w -]", "").replace(' ', '-'))
                .toList();
    }

    private static String between(Path file, String start, String end) throws IOException {
        String text = Files.readString(file);
        int from = text.indexOf(start);
        assertThat(from).as("%s in %s", start, file).isNotNegative();
        from += start.length();
        return text.substring(from, text.indexOf(end, from));
    }
}

package io.github.djlblocks.architecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The packages from the lowest level to the highest; a package may use lower ones only. */
final class Levels {

    static final List<List<String>> ALL =
            List.of(
                    List.of("internal"),
                    List.of("kernel", "checkpoint", "format", "template"),
                    List.of("graph", "optimizer"),
                    List.of("core"),
                    List.of("norm", "activation", "feedforward", "position", "head", "training"),
                    List.of("attention"),
                    List.of("layer"),
                    List.of("model"),
                    List.of("generate"),
                    List.of("torchscript", "family"),
                    List.of("adapter"),
                    List.of("huggingface", "hybrid"));

    private Levels() {}

    /** One rule a package: of the packages under the root it uses only itself and lower levels. */
    static Stream<ArchRule> rules(String root) {
        return IntStream.range(0, ALL.size())
                .boxed()
                .flatMap(level -> ALL.get(level).stream().map(name -> rule(root, name, level)));
    }

    private static ArchRule rule(String root, String name, int level) {
        String own = root + "." + name;
        List<String> lower =
                ALL.subList(0, level).stream()
                        .flatMap(List::stream)
                        .map(other -> root + "." + other)
                        .toList();
        return ArchRuleDefinition.noClasses()
                .that()
                .resideInAPackage(own)
                .should()
                .dependOnClassesThat(
                        DescribedPredicate.describe(
                                "are of the library and not in a lower level",
                                (JavaClass used) ->
                                        used.getPackageName().startsWith(root + ".")
                                                && !used.getPackageName().equals(own)
                                                && !lower.contains(used.getPackageName())))
                .because(name + " is at level " + level + " of " + ALL);
    }

    static Stream<String> names() {
        return ALL.stream().flatMap(List::stream);
    }
}

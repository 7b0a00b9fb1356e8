package io.github.djlblocks.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How the library is put together; and that each rule sees classes that break it. */
class ArchitectureTest {

    private static final String ROOT = "io.github.djlblocks";
    private static final String WRONG = ROOT + ".architecture.wrong";

    private static final JavaClasses LIBRARY =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .withImportOption(new ImportOption.DoNotIncludeJars())
                    .importPackages(ROOT);
    private static final JavaClasses OFFENDERS = new ClassFileImporter().importPackages(WRONG);

    static Stream<ArchRule> rules() {
        return Stream.concat(Levels.rules(ROOT), Rules.all(ROOT));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void library_everyRule_holds(ArchRule rule) {
        rule.check(LIBRARY);
    }

    @Test
    void library_packages_areThoseOfTheLevels() {
        Set<String> packages =
                LIBRARY.stream()
                        .map(type -> type.getPackageName().substring(ROOT.length() + 1))
                        .collect(Collectors.toSet());
        assertThat(packages).containsExactlyInAnyOrderElementsOf(Levels.names().toList());
    }

    @Test
    void library_packages_areFreeOfCycles() {
        SlicesRuleDefinition.slices()
                .matching(ROOT + ".(*)..")
                .should()
                .beFreeOfCycles()
                .check(LIBRARY);
    }

    @Test
    void library_packages_areNullMarked() {
        JavaPackage root = LIBRARY.getPackage(ROOT);
        assertThat(root.getSubpackages()).isNotEmpty();
        for (JavaPackage part : root.getSubpackages()) {
            assertThat(part.isAnnotatedWith(NullMarked.class)).as(part.getName()).isTrue();
        }
    }

    @Test
    void library_withoutPyTorch_allButTorchScriptLinks() throws Exception {
        List<URL> path = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("pytorch")) {
                path.add(Path.of(entry).toUri().toURL());
            }
        }
        ClassLoader platform = ClassLoader.getPlatformClassLoader();
        try (URLClassLoader loader = new URLClassLoader(path.toArray(new URL[0]), platform)) {
            assertThatThrownBy(() -> loader.loadClass("ai.djl.pytorch.engine.PtNDArray"))
                    .isInstanceOf(ClassNotFoundException.class);
            for (JavaClass type : LIBRARY) {
                if (!Set.of(ROOT + ".torchscript", ROOT + ".hybrid")
                        .contains(type.getPackageName())) {
                    Class<?> linked = Class.forName(type.getName(), true, loader);
                    assertThat(linked.getDeclaredMethods()).isNotNull();
                    assertThat(linked.getClassLoader()).isSameAs(loader);
                }
            }
        }
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                Arguments.of(Rules.noEngine(WRONG), "KnowsAnEngine"),
                Arguments.of(Rules.noEngineButPyTorch(WRONG), "KnowsAnotherEngine"),
                Arguments.of(Rules.tokenizersInOnePackage(WRONG), "KnowsATokenizer"),
                Arguments.of(Rules.arithmeticInOnePackage(WRONG), "Computes.adds"),
                Arguments.of(Rules.arithmeticInOnePackage(WRONG), "Computes.joins"),
                Arguments.of(Rules.arithmeticInOnePackage(WRONG), "Computes.activates"),
                Arguments.of(Rules.arithmeticInOnePackage(WRONG), "Computes.projects"),
                Arguments.of(Rules.namedEngine(WRONG), "LeavesTheEngineOpen"),
                Arguments.of(Rules.noLambdaBlock(WRONG), "UsesALambdaBlock"),
                Arguments.of(Rules.noOutput(WRONG), "Prints"),
                Arguments.of(Rules.noOutput(WRONG), "Logs"),
                Arguments.of(Rules.internalStaysInternal(WRONG), "ShowsInternals.show"));
    }

    @ParameterizedTest(name = "{1}: {0}")
    @MethodSource("broken")
    void rule_classThatBreaksIt_isNamed(ArchRule rule, String offender) {
        assertThatThrownBy(() -> rule.check(OFFENDERS))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(offender);
    }

    @Test
    void levels_upwardAndSideways_areNamed() {
        assertThat(Levels.rules(WRONG).filter(rule -> violates(rule, "LooksUp"))).hasSize(1);
        assertThat(Levels.rules(WRONG).filter(rule -> violates(rule, "LooksAside"))).hasSize(1);
    }

    private static boolean violates(ArchRule rule, String offender) {
        return rule.allowEmptyShould(true)
                .evaluate(OFFENDERS)
                .getFailureReport()
                .toString()
                .contains(offender);
    }

    @Test
    void cycles_twoPackagesThatUseEachOther_areNamed() {
        ArchRule rule =
                SlicesRuleDefinition.slices().matching(WRONG + ".(*)..").should().beFreeOfCycles();
        assertThatThrownBy(() -> rule.check(OFFENDERS))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Cycle detected");
    }

    @Test
    void nullMarked_packageWithoutIt_isSeen() {
        assertThat(OFFENDERS.getPackage(WRONG + ".internal").isAnnotatedWith(NullMarked.class))
                .isFalse();
    }
}

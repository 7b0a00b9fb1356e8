package io.github.djlblocks.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.Set;
import java.util.stream.Stream;

/** Rules on what the library calls, for the packages under a root. */
final class Rules {

    /** What is not arithmetic: what an array is, whose it is, what it wants, its values in Java. */
    private static final Set<String> HARMLESS =
            Set.of(
                    "getShape",
                    "getDataType",
                    "getDevice",
                    "getManager",
                    "getName",
                    "setName",
                    "attach",
                    "isReleased",
                    "detach",
                    "close",
                    "size",
                    "isEmpty",
                    "duplicate",
                    "toLongArray",
                    "toIntArray",
                    "toFloatArray",
                    "toDoubleArray",
                    "toByteBuffer",
                    "toArray",
                    "setRequiresGradient");

    private static final String PYTORCH = "ai.djl.pytorch..";
    private static final String MXNET = "ai.djl.mxnet..";

    private Rules() {}

    static ArchRule noEngine(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackages(root + ".torchscript", root + ".hybrid")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(PYTORCH, MXNET)
                .because("blocks run on whatever engine the application chooses");
    }

    static ArchRule noEngineButPyTorch(String root) {
        return noClasses()
                .that()
                .resideInAnyPackage(root + ".torchscript", root + ".hybrid")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(MXNET)
                .because("TorchScript is PyTorch's");
    }

    static ArchRule tokenizersInOnePackage(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackage(root + ".huggingface")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl.huggingface..")
                .because("tokenizers are an optional dependency");
    }

    static ArchRule arithmeticInOnePackage(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackages(
                        root + ".kernel",
                        root + ".checkpoint",
                        root + ".graph",
                        root + ".optimizer",
                        root + ".torchscript",
                        root + ".hybrid")
                .should()
                .callMethodWhere(
                        DescribedPredicate.describe(
                                "computes on arrays", call -> computes(call, root)))
                .because(
                        "kernel is the only door to arithmetic, and torchscript another way through"
                                + " it; what changes parameters is in optimizer");
    }

    private static boolean computes(JavaCall<?> call, String root) {
        CodeUnitCallTarget target = call.getTarget();
        JavaClass owner = target.getOwner();
        if (owner.isAssignableTo(NDArray.class)) {
            return !isHarmless(call, root);
        }
        return owner.getFullName().equals("ai.djl.ndarray.NDArrays")
                || owner.getFullName().startsWith("ai.djl.ndarray.internal.")
                || owner.getFullName().equals("ai.djl.nn.Activation")
                || isForwardOfDjl(target);
    }

    /** Static helpers such as {@code ai.djl.nn.core.Linear.linear}. */
    private static boolean isForwardOfDjl(CodeUnitCallTarget target) {
        return target.getOwner().getPackageName().startsWith("ai.djl.nn.")
                && target.resolveMember()
                        .map(member -> member.getModifiers().contains(JavaModifier.STATIC))
                        .orElse(false)
                && target.getRawReturnType().getFullName().equals("ai.djl.ndarray.NDList");
    }

    private static boolean isHarmless(JavaCall<?> call, String root) {
        // Generation reads the chosen tokens; what type an arg max has differs by engine.
        boolean readsTokens =
                call.getName().equals("toType")
                        && call.getOriginOwner().getPackageName().equals(root + ".generate");
        return readsTokens || HARMLESS.contains(call.getName());
    }

    static ArchRule namedEngine(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .callMethod(NDManager.class, "newBaseManager")
                .because("which engine is the default depends on the class path");
    }

    static ArchRule noLambdaBlock(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("ai.djl.nn.LambdaBlock")
                .because("its shapes come from a run on the default engine");
    }

    static ArchRule noOutput(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.util.logging..")
                .because("a library leaves the console and logging to the application");
    }

    static ArchRule internalStaysInternal(String root) {
        return ArchRuleDefinition.methods()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage(root + "..")
                .and()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage(root + ".internal")
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .should(nameNothingOf(root + ".internal"))
                .because("classes of internal are not API");
    }

    private static ArchCondition<JavaMethod> nameNothingOf(String packageName) {
        return new ArchCondition<>("name no class of " + packageName + " in a public signature") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                boolean visible =
                        method.getModifiers().contains(JavaModifier.PUBLIC)
                                || method.getModifiers().contains(JavaModifier.PROTECTED);
                boolean names =
                        Stream.concat(
                                        Stream.of(method.getReturnType()),
                                        method.getParameterTypes().stream())
                                .flatMap(type -> type.getAllInvolvedRawTypes().stream())
                                .anyMatch(type -> type.getPackageName().equals(packageName));
                if (visible && names) {
                    events.add(
                            SimpleConditionEvent.violated(
                                    method, method.getFullName() + " names an internal class"));
                }
            }
        };
    }

    /** Every rule but the levels. */
    static Stream<ArchRule> all(String root) {
        return Stream.of(
                noEngine(root),
                noEngineButPyTorch(root),
                tokenizersInOnePackage(root),
                arithmeticInOnePackage(root),
                namedEngine(root),
                noLambdaBlock(root),
                noOutput(root),
                internalStaysInternal(root));
    }
}

package io.github.djlblocks.parity;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** Runs an {@link EachEngine} method once per engine and dtype. */
final class EachEngineExtension implements TestTemplateInvocationContextProvider {

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getTestMethod(), EachEngine.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
            ExtensionContext context) {
        Method method = context.getRequiredTestMethod();
        EachEngine annotation =
                AnnotationSupport.findAnnotation(method, EachEngine.class).orElseThrow();
        List<EngineUnderTest> engines = enginesOf(annotation);
        DataType[] dataTypes = annotation.dataTypes();
        List<Run> runs = new ArrayList<>();
        for (EngineUnderTest engine : engines) {
            boolean compiles = annotation.compiledToo() && engine.engineName().equals("PyTorch");
            for (boolean compiled : compiles ? new boolean[] {false, true} : new boolean[1]) {
                if (dataTypes.length == 0) {
                    runs.add(new Run(engine, null, annotation.leavesNothingOpen(), compiled));
                }
                for (DataType type : dataTypes) {
                    runs.add(new Run(engine, type, annotation.leavesNothingOpen(), compiled));
                }
            }
        }
        return runs.stream().map(run -> run);
    }

    private static List<EngineUnderTest> enginesOf(EachEngine annotation) {
        if (annotation.engines().length > 0) {
            return EnginesUnderTest.named(annotation.engines());
        }
        return annotation.inferenceToo()
                ? EnginesUnderTest.discoverAll()
                : EnginesUnderTest.discover();
    }

    private record Run(
            EngineUnderTest engine,
            @Nullable DataType dataType,
            boolean leavesNothingOpen,
            boolean compiled)
            implements TestTemplateInvocationContext {

        @Override
        public String getDisplayName(int invocationIndex) {
            String where = compiled ? engine + " compiled" : engine.toString();
            return dataType == null
                    ? where
                    : where + " " + dataType.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new Injector(this));
        }
    }

    /** Opens and closes the manager of one run; a new object for each. */
    private static final class Injector
            implements BeforeEachCallback, AfterEachCallback, ParameterResolver {

        private final Run run;
        private @Nullable NDManager manager;
        private LeakGuard.@Nullable Snapshot engineBefore;

        Injector(Run run) {
            this.run = run;
        }

        @Override
        public void beforeEach(ExtensionContext context) {
            NDManager opened = run.engine().newManager();
            manager = opened;
            if (run.compiled()) {
                CompiledRun.mark(opened);
            }
            engineBefore = LeakGuard.ofEngine(opened).snapshot();
        }

        @Override
        public void afterEach(ExtensionContext context) {
            if (manager != null) {
                manager.close();
            }
            boolean passed = context.getExecutionException().isEmpty();
            if (passed && run.leavesNothingOpen() && engineBefore != null) {
                engineBefore.check(0);
            }
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            Executable owner = parameter.getDeclaringExecutable();
            Class<?> type = parameter.getParameter().getType();
            return owner instanceof Method
                    && (type == EngineUnderTest.class
                            || type == NDManager.class
                            || type == DataType.class);
        }

        @Override
        public @Nullable Object resolveParameter(
                ParameterContext parameter, ExtensionContext context) {
            Class<?> type = parameter.getParameter().getType();
            if (type == EngineUnderTest.class) {
                return run.engine();
            }
            if (type == NDManager.class) {
                return manager;
            }
            if (run.dataType() == null) {
                throw new ParameterResolutionException(
                        "no DataType to inject into %s: give the dtypes, such as @EachEngine(dataTypes = FLOAT32)"
                                .formatted(parameter.getDeclaringExecutable().getName()));
            }
            return run.dataType();
        }
    }
}

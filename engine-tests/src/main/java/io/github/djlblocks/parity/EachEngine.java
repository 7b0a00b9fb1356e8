package io.github.djlblocks.parity;

import ai.djl.ndarray.types.DataType;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that runs once on every engine under test, and once for every dtype where some are given.
 *
 * <p>The method may take, in any order, an {@link EngineUnderTest}, an {@code NDManager} of that
 * engine (new for each run, closed after it) and, with {@link #dataTypes()}, a {@code DataType}. So
 * may the {@code @BeforeEach} and {@code @AfterEach} methods of its class, which get the same ones.
 * Runs are named after engine and dtype: {@code PyTorch/cpu float32}.
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(EachEngineExtension.class)
public @interface EachEngine {

    /**
     * The dtypes to run with; none runs once per engine and injects none.
     *
     * @return the dtypes
     */
    DataType[] dataTypes() default {};

    /**
     * DJL's names of the engines to run on, each of them required; none runs on all that {@link
     * EnginesUnderTest#discover()} finds.
     *
     * @return the engine names
     */
    String[] engines() default {};

    /**
     * Whether to run on engines that only infer too, where no engine is named: on all that {@link
     * EnginesUnderTest#discoverAll()} finds.
     *
     * @return true to run on Rust as well, where it is present
     */
    boolean inferenceToo() default false;

    /**
     * Whether to run once more on PyTorch, where it is among the engines, with blocks that are
     * compiled: those the test hands to {@link CompiledRun#prepare}.
     *
     * @return true to add such a run for each dtype
     */
    boolean compiledToo() default false;

    /**
     * Whether a passing test also has to leave no array open anywhere in the engine, once its
     * manager is closed: it fails for a model or manager it forgot. Other threads must leave the
     * engine alone meanwhile.
     *
     * @return true to count the whole engine's arrays
     */
    boolean leavesNothingOpen() default false;
}

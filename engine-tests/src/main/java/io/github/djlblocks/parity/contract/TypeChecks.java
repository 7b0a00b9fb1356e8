package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.List;
import java.util.Locale;

/** The dtypes of parameters and outputs. */
final class TypeChecks {

    /** On PyTorch, DJL aborts the JVM when it is handed one of these; nothing can catch that. */
    private static final List<DataType> FATAL = List.of(DataType.BFLOAT16, DataType.INT16);

    private static final List<DataType> WITHOUT_ARITHMETIC =
            List.of(
                    DataType.INT8,
                    DataType.INT32,
                    DataType.INT64,
                    DataType.UINT8,
                    DataType.BOOLEAN);

    private TypeChecks() {}

    static void dataTypes(Subject subject) {
        keeps(subject, DataType.FLOAT32);
        keeps(subject, DataType.FLOAT64);
        try {
            keeps(subject, DataType.FLOAT16);
        } catch (IllegalArgumentException refusal) {
            assertThat(String.valueOf(refusal.getMessage()).toUpperCase(Locale.ROOT))
                    .as("refusal of FLOAT16")
                    .contains("FLOAT16");
        }
    }

    private static void keeps(Subject subject, DataType type) {
        ParityCase parityCase = subject.parityCase();
        try (CaseRun run = subject.inference(type)) {
            assertThat(run.forward(false)).as("output").hasDataType(type);
        }
        try (NDManager manager = subject.engine().newManager()) {
            Block block = parityCase.newBlock();
            block.freezeParameters(true);
            block.initialize(manager, type, parityCase.inputShapes());
            assertThat(block.isInitialized()).as("isInitialized").isTrue();
            for (Parameter parameter : block.getParameters().values()) {
                assertThat(parameter.getArray())
                        .as("parameter %s", parameter.getName())
                        .hasDataType(type)
                        .hasNoNaN();
                assertThat(parameter.getArray().getManager())
                        .as("manager of parameter %s", parameter.getName())
                        .isSameAs(manager);
            }
        }
    }

    static void otherTypes(Subject subject) {
        WITHOUT_ARITHMETIC.forEach(type -> refuses(subject, type));
        FATAL.forEach(type -> refuses(subject, type));
    }

    private static void refuses(Subject subject, DataType type) {
        try (NDManager manager = subject.engine().newManager()) {
            Block block = subject.parityCase().newBlock();
            block.freezeParameters(true);
            assertThatIllegalArgumentException()
                    .as("initialize as %s", type)
                    .isThrownBy(
                            () ->
                                    block.initialize(
                                            manager, type, subject.parityCase().inputShapes()))
                    .withMessageContaining(type.toString());
            assertThat(manager.getManagedArrays()).as("open arrays").isEmpty();
        }
    }
}

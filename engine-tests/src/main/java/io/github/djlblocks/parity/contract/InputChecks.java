package io.github.djlblocks.parity.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.parity.cases.CaseRun;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Inputs that do not fit: an {@link IllegalArgumentException} by name and both values. A block
 * without parameters of a size may take any shape and dtype; if it refuses one, then in the same
 * way.
 */
final class InputChecks {

    private static final int TOO_MANY = 7;
    private static final Pattern NUMBER = Pattern.compile("\\d+");

    private InputChecks() {}

    static void wrongInputs(Subject subject) {
        try (CaseRun run = subject.inference(DataType.FLOAT32)) {
            NDManager manager = run.manager();
            NDArray first = run.inputs().get(0);
            refuses(run, new NDList(), true, "no input", "no input|\\b0\\b");
            NDList many = run.inputs();
            for (int i = 0; i < TOO_MANY; i++) {
                many.add(first);
            }
            refuses(run, many, true, "too many inputs", "\\b" + many.size() + "\\b");
            DataType type = first.getDataType();
            boolean sized = isSized(run.block());
            shape(run, manager, new Shape(), type, sized);
            if (type.isFloating()) {
                long[] wide = first.getShape().getShape().clone();
                // Wherever the channels are, their number is wrong.
                for (int axis = 1; axis < wide.length; axis++) {
                    wide[axis] += 3;
                }
                shape(run, manager, new Shape(wide), type, sized);
            }
            dataType(run, manager, first, sized);
        }
    }

    /** Whether a parameter has more than one element: then inputs must fit it. */
    private static boolean isSized(Block block) {
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.getShape().size() > 1) {
                return true;
            }
        }
        return false;
    }

    private static void shape(
            CaseRun run, NDManager manager, Shape wrong, DataType type, boolean must) {
        NDList inputs = run.inputs();
        inputs.set(0, manager.zeros(wrong, type));
        refuses(run, inputs, must, "shape " + wrong, Pattern.quote(wrong.toString()));
    }

    private static void dataType(CaseRun run, NDManager manager, NDArray first, boolean must) {
        NDList inputs = run.inputs();
        boolean floating = first.getDataType().isFloating();
        DataType other = floating ? DataType.FLOAT64 : DataType.FLOAT32;
        inputs.set(0, manager.ones(first.getShape(), other));
        Throwable refusal = refusal(run, inputs, must, "dtype " + other);
        if (refusal != null) {
            assertThat(refusal.getMessage())
                    .as("refusal of dtype %s", other)
                    .contains(floating ? List.of("float32", "float64") : List.of("float32"));
        }
    }

    private static void refuses(
            CaseRun run, NDList inputs, boolean must, String what, String value) {
        Shape[] shapes = inputs.getShapes();
        Throwable early = catchThrowable(() -> run.block().getOutputShapes(shapes));
        if (must || early != null) {
            assertRefusal(run, early, "getOutputShapes of " + what, value);
        }
        Throwable late = refusal(run, inputs, must, what);
        if (late != null) {
            assertRefusal(run, late, "forward of " + what, value);
        }
    }

    private static @Nullable Throwable refusal(
            CaseRun run, NDList inputs, boolean must, String what) {
        ParameterStore store = new ParameterStore(run.manager(), false);
        Throwable thrown =
                catchThrowable(
                        () -> {
                            NDArray y = run.forward(store, inputs, false);
                            if (inputs.stream().noneMatch(input -> isSame(input, y))) {
                                y.close();
                            }
                        });
        if (must) {
            assertThat(thrown)
                    .as("forward of %s", what)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        return thrown;
    }

    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    static boolean isSame(NDArray a, NDArray b) {
        return a == b;
    }

    private static void assertRefusal(
            CaseRun run, @Nullable Throwable refusal, String what, String value) {
        assertThat(refusal).as(what).isInstanceOf(IllegalArgumentException.class);
        String message = String.valueOf(refusal == null ? null : refusal.getMessage());
        assertThat(message).as(what).containsPattern(value);
        boolean named = Subject.names(run.block()).stream().anyMatch(message::contains);
        String rest = message.replaceFirst(value, "");
        assertThat(named || NUMBER.matcher(rest).find())
                .as("%s names the block or the size expected: %s", what, message)
                .isTrue();
    }
}

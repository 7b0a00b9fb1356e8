package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.kernel.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every primitive is recorded and printed, or refused by name. */
class PrimitivesTest {

    /** What reads numbers back, draws them, or is of one call. */
    private static final Set<String> REFUSED =
            Set.of(
                    "crossEntropy",
                    "dropout",
                    "isFinite",
                    "lengthMask",
                    "loadBalancingLoss",
                    "maskedPositions",
                    "newTimeBuffer",
                    "overwrite",
                    "randomizedRelu",
                    "routerZLoss",
                    "selectRows",
                    "sliceTime",
                    "writeTime");

    /** What is recorded under a name of its own: overloads, and what runs of a cache are. */
    private static final Set<String> OTHER_NAMES =
            Set.of(
                    "scaleChannels",
                    "fusedGatedActivation",
                    "appendInPlace",
                    "appendRowsInPlace",
                    "cacheContent",
                    "keepPast",
                    "keepRoom",
                    "keepWhole",
                    "keptWhole");

    private static Stream<Method> primitives() {
        return Arrays.stream(Kernels.class.getMethods())
                .filter(method -> Modifier.isAbstract(method.getModifiers()));
    }

    @Test
    void primitives_everyOne_isPrintedOrRefused() {
        Set<String> refused = new TreeSet<>();
        Set<String> printed = new TreeSet<>();
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            TracedArray x = new Tracer(manager).input(new Shape(2, 3), DataType.FLOAT32);
            primitives()
                    .forEach(
                            method -> {
                                String reason = refusal(x.kernels(), method);
                                (reason == null ? printed : refused).add(method.getName());
                                assertThat(reason == null || !reason.isBlank())
                                        .as("%s says why", method)
                                        .isTrue();
                            });
        }

        assertThat(refused).isEqualTo(new TreeSet<>(REFUSED));
        printed.addAll(OTHER_NAMES);
        assertThat(Emitters.operations()).containsExactlyInAnyOrderElementsOf(printed);
    }

    /** Why a primitive is refused, before it looks at what it is given; or null. */
    private static @Nullable String refusal(Kernels kernels, Method method) {
        Object[] nothing =
                Arrays.stream(method.getParameterTypes()).map(PrimitivesTest::nothing).toArray();
        try {
            method.invoke(kernels, nothing);
            return null;
        } catch (InvocationTargetException e) {
            String start = method.getName() + " cannot be recorded: ";
            String said = String.valueOf(e.getTargetException().getMessage());
            boolean refused =
                    e.getTargetException() instanceof UnsupportedOperationException
                            && said.startsWith(start);
            return refused ? said.substring(start.length()) : null;
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static @Nullable Object nothing(Class<?> type) {
        if (type == int.class) {
            return 1;
        }
        if (type == long.class) {
            return 1L;
        }
        if (type == double.class) {
            return 1.5;
        }
        return type == boolean.class ? Boolean.TRUE : null;
    }
}

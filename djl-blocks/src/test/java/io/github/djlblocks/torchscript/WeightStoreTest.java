package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.core.Linear;
import java.lang.reflect.Field;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightStoreTest {

    /** A parameter takes an array it had before by no method of its own. */
    private static void give(Parameter parameter, NDArray array)
            throws ReflectiveOperationException {
        Field field = Parameter.class.getDeclaredField("array");
        field.setAccessible(true);
        field.set(parameter, array);
    }

    private static float[] values(
            PtNDManager manager, WeightStore store, List<WeightStore.Piece> pieces) {
        try (IValue list = store.tensors(pieces)) {
            return list.toTensorArray(manager)[0].toFloatArray();
        }
    }

    private static void refuses(WeightStore store, WeightStore.Piece piece, String now) {
        String message = "parameter weight is " + now + " now, others were compiled";
        assertThatExceptionOfType(WeightStore.OtherWeights.class)
                .isThrownBy(() -> store.refresh(piece))
                .withMessage(message);
    }

    @Test
    void tensor_arraySwappedAndBack_isNeverTheOldPiece() throws Exception {
        try (PtNDManager manager =
                (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Linear linear = Linear.withoutBias(3, 2);
            linear.freezeParameters(true);
            linear.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            Parameter weight = linear.getParameters().valueAt(0);
            NDArray first = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
            NDArray longer = manager.arange(12f).reshape(4, 3);
            NDArray wide = manager.ones(new Shape(2, 3), DataType.FLOAT64);
            give(weight, first);
            WeightPlan plan =
                    new WeightPlan(linear, CompileOptions.defaults(), KernelTrials.choice());
            try (WeightStore store = new WeightStore(manager.getDevice(), plan)) {
                WeightStore.Piece before = store.tensor(weight);
                assertThat(values(manager, store, List.of(before)))
                        .containsExactly(1, 2, 3, 4, 5, 6);
                assertThat(store.tensor(weight)).isSameAs(before);

                give(weight, longer);
                refuses(store, before, "float32(4, 3)");
                WeightStore.Piece other = store.tensor(weight);
                assertThat(values(manager, store, List.of(other)))
                        .containsExactly(longer.toFloatArray());

                give(weight, first);
                // The old piece is freed: not even its own array makes it good again.
                refuses(store, before, "float32(2, 3)");
                assertThatExceptionOfType(WeightStore.OtherWeights.class)
                        .isThrownBy(() -> store.tensors(List.of(before)));
                refuses(store, other, "float32(2, 3)");
                WeightStore.Piece back = store.tensor(weight);
                assertThat(values(manager, store, List.of(back))).containsExactly(1, 2, 3, 4, 5, 6);
                assertThat(store.refresh(back)).isEqualTo(1);

                give(weight, wide);
                refuses(store, back, "float64(2, 3)");
            }
        }
    }

    /** Of the same type and shape, the same piece has the new array. */
    @Test
    void refresh_arrayOfTheSameShape_isTaken() throws Exception {
        try (PtNDManager manager =
                (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Linear linear = Linear.withoutBias(2, 1);
            linear.freezeParameters(true);
            linear.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
            Parameter weight = linear.getParameters().valueAt(0);
            WeightPlan plan =
                    new WeightPlan(linear, CompileOptions.defaults(), KernelTrials.choice());
            try (WeightStore store = new WeightStore(manager.getDevice(), plan)) {
                WeightStore.Piece piece = store.tensor(weight);
                NDArray next = manager.create(new float[] {8, 9}, new Shape(1, 2));
                give(weight, next);
                assertThat(store.refresh(piece)).isEqualTo(2);
                assertThat(values(manager, store, List.of(piece))).containsExactly(8, 9);
                assertThat(store.refresh(piece)).isEqualTo(2);
                assertThat(store.tensor(weight)).isSameAs(piece);
            }
        }
    }
}

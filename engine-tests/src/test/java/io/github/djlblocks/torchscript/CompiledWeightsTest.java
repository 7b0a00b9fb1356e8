package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.RandomTensors;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;

/** Parameters that change after a block was compiled: trained, loaded, of another type. */
class CompiledWeightsTest {

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void forward_parametersChangedInPlace_sees(NDManager manager, DataType dataType) {
        Twins<CausalLanguageModel> twins = Twins.decoders(30, manager, dataType);
        NDList ids = new NDList(twins.ids(1, 2, 5));
        NDArray before = twins.compiled(ids, null);
        for (CausalLanguageModel model :
                new CausalLanguageModel[] {twins.plain(), twins.compiled()}) {
            ParameterPaths.of(model).values().forEach(parameter -> parameter.getArray().muli(1.1));
        }
        NDArray after = twins.compiled(ids, null);
        assertThat(after.sub(before).abs().max().toType(DataType.FLOAT64, true).toDoubleArray()[0])
                .isGreaterThan(1e-3);
        assertThat(after).isCloseTo(twins.plain(ids, null), Twins.tolerance(dataType, 5));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_parametersLoaded_seesAndLetsGoOfTheOld(NDManager manager)
            throws IOException, MalformedModelException {
        Twins<CausalLanguageModel> twins = Twins.decoders(30, manager, DataType.FLOAT32);
        NDList ids = new NDList(twins.ids(1, 2, 5));
        twins.compiled(ids, null);
        ParameterPaths.of(twins.plain())
                .values()
                .forEach(parameter -> parameter.getArray().muli(0.8));
        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        twins.plain().saveParameters(new DataOutputStream(saved));
        byte[] bytes = saved.toByteArray();
        twins.compiled()
                .loadParameters(manager, new DataInputStream(new ByteArrayInputStream(bytes)));
        assertThat(twins.compiled(ids, null))
                .isCloseTo(twins.plain(ids, null), Twins.tolerance(DataType.FLOAT32, 5));
        assertThat(twins.statistics().portable()).isZero();
        assertThat(twins.statistics().kinds()).isEqualTo(1);

        // And what a compiled block saves is what it has.
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        twins.compiled().saveParameters(new DataOutputStream(again));
        assertThat(again.toByteArray()).isEqualTo(bytes);
    }

    /** Ids are of one type whatever the model is: the pass was printed for FLOAT32. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_parametersOfAnotherType_compilesAnew(NDManager manager)
            throws IOException, MalformedModelException {
        Twins<CausalLanguageModel> twins = Twins.decoders(30, manager, DataType.FLOAT32);
        Twins<CausalLanguageModel> wide = Twins.decoders(30, manager, DataType.FLOAT64);
        NDList ids = new NDList(twins.ids(1, 2, 5));
        twins.compiled(ids, null);

        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        wide.plain().saveParameters(new DataOutputStream(saved));
        twins.compiled()
                .loadParameters(
                        manager,
                        new DataInputStream(new ByteArrayInputStream(saved.toByteArray())));

        assertThat(twins.compiled(ids, null))
                .hasDataType(DataType.FLOAT64)
                .isCloseTo(wide.plain(ids, null), Twins.tolerance(DataType.FLOAT64, 5));
        assertThat(twins.statistics().portable()).isZero();
        assertThat(twins.statistics().kinds()).isEqualTo(1);
    }

    /** Each of two kinds of passes finds the arrays that there are, whichever ran before it. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_arraysSwappedAndBack_neverTakesOldOnes(NDManager manager) throws Exception {
        Twins<CausalLanguageModel> twins = Twins.decoders(30, manager, DataType.FLOAT32);
        Twins<CausalLanguageModel> wide = Twins.decoders(30, manager, DataType.FLOAT64);
        ParameterPaths.of(wide.plain()).values().forEach(p -> p.getArray().muli(1.25));
        Map<String, NDArray> narrowArrays = arrays(twins.compiled());
        Map<String, NDArray> wideArrays = arrays(wide.plain());
        NDList prompt = new NDList(twins.ids(1, 2, 5));
        NDList step = new NDList(twins.ids(2, 1, 1));
        twins.compiled(prompt, null);
        twins.compiled(step, null);

        give(twins.compiled(), wideArrays);
        isLike(twins, wide, prompt);
        give(twins.compiled(), narrowArrays);
        isLike(twins, twins, step);
        isLike(twins, twins, prompt);
        give(twins.compiled(), wideArrays);
        isLike(twins, wide, step);
        isLike(twins, wide, prompt);
        give(twins.compiled(), narrowArrays);
        isLike(twins, twins, prompt);
        isLike(twins, twins, step);
        assertThat(twins.statistics().portable()).isZero();
        assertThat(twins.statistics().kinds()).isEqualTo(2);
    }

    private static void isLike(
            Twins<CausalLanguageModel> twins, Twins<CausalLanguageModel> other, NDList ids) {
        assertThat(twins.compiled(ids, null))
                .hasDataType(other.dataType())
                .isCloseTo(other.plain(ids, null), Twins.tolerance(other.dataType(), 5));
    }

    private static Map<String, NDArray> arrays(CausalLanguageModel model) {
        Map<String, NDArray> arrays = new HashMap<>();
        ParameterPaths.of(model).forEach((path, p) -> arrays.put(path, p.getArray()));
        return arrays;
    }

    /** A parameter takes an array it had before by no method of its own. */
    private static void give(CausalLanguageModel model, Map<String, NDArray> arrays)
            throws ReflectiveOperationException {
        Field array = Parameter.class.getDeclaredField("array");
        array.setAccessible(true);
        for (Map.Entry<String, Parameter> each : ParameterPaths.of(model).entrySet()) {
            array.set(each.getValue(), arrays.get(each.getKey()));
        }
    }

    /** Gradients through passes for training, and through those for inference that want them. */
    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void gradients_afterCompiling_areThoseOfTheBlock(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        Twins<CausalLanguageModel> twins =
                Twins.of(
                        () -> Decoders.languageModel(Twins.decoder(30).build()),
                        manager,
                        dataType,
                        CompileOptions.defaults(),
                        new Shape(1, 1));
        NDList ids = new NDList(twins.ids(1, 2, 5));
        twins.compiled(ids, null);
        for (boolean training : new boolean[] {true, false}) {
            Map<String, double[]> expected = gradients(twins.plain(), engine, ids, training);
            Map<String, double[]> found = gradients(twins.compiled(), engine, ids, training);
            assertThat(found.keySet()).isEqualTo(expected.keySet());
            found.forEach(
                    (name, gradient) ->
                            assertThat(gradient).as(name).containsExactly(expected.get(name)));
        }
        twins.compiled().freezeParameters(true);
        twins.compiled(ids, null);
        assertThat(twins.statistics().compiled()).isEqualTo(2);
    }

    private static Map<String, double[]> gradients(
            CausalLanguageModel model, EngineUnderTest engine, NDList ids, boolean training) {
        model.freezeParameters(false);
        double[] r = RandomTensors.normal(5, 2, 5, Twins.VOCABULARY);
        NDManager manager = ids.get(0).getManager();
        return Gradients.of(
                engine,
                Gradients.parameters(model),
                r,
                () -> model.forward(new ParameterStore(manager, false), ids, training).get(0));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_parametersThatWantGradients_demandsThatTheyAreFrozen(NDManager manager) {
        Twins<CausalLanguageModel> twins = Twins.decoders(30, manager, DataType.FLOAT32);
        twins.compiled().freezeParameters(false);
        assertThatIllegalStateException()
                .isThrownBy(() -> twins.compiled(new NDList(twins.ids(1, 2, 5)), null))
                .withMessageContaining(
                        "wants a gradient: call freezeParameters(true) on the block");
    }
}

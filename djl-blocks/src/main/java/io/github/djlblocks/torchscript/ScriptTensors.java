package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a script finds what lies outside of it; all answers are expressions. */
interface ScriptTensors {

    /**
     * A packed weight.
     *
     * @param choice the kernels that use it
     * @param parts an expression for each of its parts
     */
    record Linear(KernelChoice.Choice choice, List<String> parts) {}

    /** A parameter in the type of activations. */
    String parameter(Parameter parameter);

    /** Vectors behind each other. */
    String joined(List<Parameter> vectors);

    /** Numbers. */
    String numbers(ScriptWriter.Numbers numbers);

    /** The format that the weight of a linear map is packed in, or none. */
    @Nullable WeightFormat linearFormat(Parameter weight);

    /** Weights below each other, packed. */
    Linear linear(List<Parameter> weights, WeightFormat format);

    /** Whether packed linear maps of one input become one. */
    default boolean joinsLinears() {
        return true;
    }

    /** What calls a function of the library. */
    default String function(String name) {
        return "self." + name;
    }

    /** Whether {@code torch.rms_norm} is there: PyTorch has it from 2.4 on. */
    default boolean hasRmsNorm() {
        return true;
    }

    /** Whether the script runs on this processor, for which functions may be chosen by trial. */
    default boolean isOfThisProcessor() {
        return false;
    }
}

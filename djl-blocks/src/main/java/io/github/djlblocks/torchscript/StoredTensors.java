package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Tensors in the lists {@code w} and {@code p} of a {@link WeightStore}. */
final class StoredTensors implements ScriptTensors {

    private final WeightStore store;

    StoredTensors(WeightStore store) {
        this.store = store;
    }

    @Override
    public String parameter(Parameter parameter) {
        return tensor(store.tensor(parameter));
    }

    @Override
    public String joined(List<Parameter> vectors) {
        return tensor(store.joined(vectors));
    }

    @Override
    public String numbers(ScriptWriter.Numbers numbers) {
        return tensor(store.numbers(numbers));
    }

    private static String tensor(int index) {
        return "w[" + index + "]";
    }

    @Override
    public @Nullable WeightFormat linearFormat(Parameter weight) {
        return store.plan().linearFormat(weight);
    }

    @Override
    public Linear linear(List<Parameter> weights, WeightFormat format) {
        WeightStore.Stored stored = store.linear(weights, format);
        WeightHolder holder = stored.choice().holder();
        String list = holder.isTensors() ? "w" : "p";
        List<String> parts =
                IntStream.range(0, holder.parts().size())
                        .mapToObj(part -> list + "[" + (stored.index() + part) + "]")
                        .toList();
        return new Linear(stored.choice(), parts);
    }
}

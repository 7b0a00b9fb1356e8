package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.kernel.Routing;
import io.github.djlblocks.kernel.RoutingKernels;
import io.github.djlblocks.kernel.RoutingSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Recorded mixtures of experts: each expert is a computation apart, run if it was chosen. */
interface RecordingRouting extends RoutingKernels, Recording {

    @Override
    default Routing route(NDArray logits, @Nullable NDArray correction, RoutingSpec spec) {
        DataType wide = Recording.atLeastSingle(logits.getDataType());
        Dim tokens = rows(logits);
        List<Dim> all = List.of(tokens, dim(logits, -1));
        List<Dim> chosen = List.of(tokens, Dim.of(spec.expertsPerToken()));
        NDList parts =
                recorder()
                        .callAll(
                                "route",
                                true,
                                List.of(all, chosen, chosen),
                                List.of(wide, wide, DataType.INT64),
                                logits,
                                correction,
                                spec);
        return Routing.recorded(parts.get(0), parts.get(1), parts.get(2), spec);
    }

    @Override
    default NDArray mixture(NDArray x, Routing routing, ExpertRunner experts) {
        int count = Math.toIntExact(dim(routing.logits(), 1).hint());
        List<Graph> bodies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int expert = i;
            List<Dim> rows = List.of(Dim.variable(1), dim(x, -1));
            bodies.add(recorder().body(rows, x.getDataType(), given -> experts.run(expert, given)));
        }
        return like("mixture", x, x, routing.weights(), routing.chosen(), bodies);
    }

    @Override
    default NDArray addShared(NDArray routed, NDArray shared, @Nullable NDArray gate) {
        return like("addShared", routed, routed, shared, gate);
    }

    @Override
    default NDArray loadBalancingLoss(List<Routing> layers, @Nullable NDArray mask) {
        throw Recording.refused("loadBalancingLoss", "it counts on the host");
    }

    @Override
    default NDArray routerZLoss(List<Routing> layers, @Nullable NDArray mask) {
        throw Recording.refused("routerZLoss", "it counts on the host");
    }

    private Dim rows(NDArray x) {
        long rows = 1;
        int symbols = 0;
        List<Dim> dims = dims(x);
        for (Dim dim : dims.subList(0, dims.size() - 1)) {
            rows *= dim.hint();
            symbols += dim.isConstant() ? 0 : 1;
        }
        return symbols == 0 ? Dim.of(rows) : Dim.symbol(rows);
    }
}

package io.github.djlblocks.samples;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.contract.BlockContract;
import io.github.djlblocks.parity.matrix.Measurements;
import io.github.djlblocks.parity.matrix.Quantity;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the README shows of testing one's own block. */
// README: contract
class TanhGateTest implements BlockContract {

    @Override
    public List<ParityCase> cases() {
        return List.of(
                ParityCase.builder("TanhGate", "4 channels")
                        .setBlock(() -> new TanhGate(4))
                        .addInput("x", RandomTensors.normal(1, 2, 3, 4), 2, 3, 4)
                        .setFormula((inputs, p) -> formula(requireNonNull(inputs.get("x")), p))
                        .setTolerance(4, 4, "a sum over 4 channels (2), tanh and product (2)")
                        .build());
    }

    private static Var formula(Var x, Map<String, Var> parameters) {
        Var weight = requireNonNull(parameters.get("linear.weight"));
        Var z = OracleLinear.linear(x, weight, parameters.get("linear.bias"));
        return OracleMath.mul(OracleActivation.TANH.apply(z), x);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*16") // MXNet has no such product
    void numbers_onEveryEngine_followTheFormula(Quantity quantity) {
        Measurements measured = new Measurements(cases(), engines());
        for (EngineUnderTest engine : engines()) {
            assertThat(measured.outcome(measured.cases().get(0), engine, quantity).problem())
                    .isEmpty();
        }
    }
}
// README: end

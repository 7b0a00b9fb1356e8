package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CallGateTest {

    private final AtomicInteger left = new AtomicInteger();
    private final CallGate gate = new CallGate(left::incrementAndGet);

    @Test
    void shut_nobodyInside_actsAtOnceAndOnce() {
        assertThat(gate.enter()).isTrue();
        gate.leave();
        assertThat(left).hasValue(0);
        gate.shut();
        assertThat(left).hasValue(1);
        gate.shut();
        assertThat(gate.enter()).isFalse();
        assertThat(left).hasValue(1);
    }

    @Test
    void shut_twoInside_actsBehindTheSecond() {
        assertThat(gate.enter()).isTrue();
        assertThat(gate.enter()).isTrue();
        gate.shut();
        gate.shut();
        gate.leave();
        assertThat(gate.enter()).isFalse();
        assertThat(left).hasValue(0);
        gate.leave();
        assertThat(left).hasValue(1);
    }
}

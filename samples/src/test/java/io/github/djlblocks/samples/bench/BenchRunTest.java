package io.github.djlblocks.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchRunTest {

    private final Settings settings =
            new Settings(
                    List.of(Workload.named("W0")),
                    List.of("PyTorch"),
                    List.of(ContenderKind.SCRIPT, ContenderKind.PORTABLE),
                    List.of(Format.FLOAT32, Format.INT8),
                    List.of(Mode.DECODE),
                    1,
                    1e-3);

    @Test
    void run_littleMemory_oneFormatAfterTheOther() {
        List<String> turns = new ArrayList<>();

        BenchRun run = new BenchRun(settings, 1000);
        List<Result> results = run.run(turns::add);

        assertThat(turns)
                .hasSize(run.turns())
                .containsExactly(
                        "W0 decode PyTorch script float32",
                        "W0 decode PyTorch portable float32",
                        "W0 decode PyTorch script float32",
                        "W0 decode PyTorch portable float32",
                        "W0 decode PyTorch script int8",
                        "W0 decode PyTorch script int8");
        assertThat(results.get(2).format()).isEqualTo(Format.INT8);
        assertThat(results.get(2).timeOver()).isEmpty();
        assertThat(results.get(2).difference()).isNull();
    }

    @Test
    void run_enoughMemory_allSideBySide() {
        List<Result> results = new BenchRun(settings, 1e9).run(turn -> {});

        assertThat(results.get(2).format()).isEqualTo(Format.INT8);
        assertThat(results.get(2).timeOver()).containsOnlyKeys(ContenderKind.PORTABLE);
        assertThat(results.get(2).difference()).isPositive();
    }
}

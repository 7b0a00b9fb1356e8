package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Every case of ONNX that is at hand is tested, or of an operator that is not ours. */
@EnabledIf(
        value = "io.github.djlblocks.goldens.OnnxCase#present",
        disabledReason = "the ONNX cases are not part of this repository: -Ddjlblocks.onnx=FOLDER")
class OnnxCoverageTest {

    private static final Map<String, String> NOT_OURS =
            Map.of(
                    "FlexAttention", "its scores go through a graph that the case carries",
                    "LinearAttention", "attention without softmax is another block",
                    "TensorScatter", "a cache here is written in order or rolls, never in a ring");

    @Test
    void cases_atHand_areTestedOrOfAnOperatorNotOurs() throws Exception {
        List<String> prefixes =
                Stream.of(
                                OnnxActivationTest.PREFIXES,
                                OnnxAttentionTest.PREFIXES,
                                OnnxNormTest.PREFIXES,
                                OnnxRotaryTest.PREFIXES)
                        .flatMap(List::stream)
                        .toList();
        for (String name : OnnxCase.names("test_").toList()) {
            try (OnnxCase onnx = OnnxCase.open(name)) {
                boolean tested = prefixes.stream().anyMatch(name::startsWith);
                assertThat(tested || NOT_OURS.containsKey(onnx.operator()))
                        .as("%s of operator %s is tested by none", name, onnx.operator())
                        .isTrue();
            }
        }
    }
}

package io.github.djlblocks.feedforward;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.activation.Swish;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import java.util.List;
import org.junit.jupiter.api.Test;

class FeedForwardErrorsTest {

    private static Linear linear(int inputs, int outputs) {
        return Linear.withoutBias(inputs, outputs);
    }

    @Test
    void feedForward_partsThatDoNotFit_nameBoth() {
        refuses(
                () -> FeedForward.of(linear(4, 7), linear(6, 4), ActivationFunction.RELU),
                "down takes 6 channels but up give 7");
        refuses(
                () -> FeedForward.builder().setUp(linear(4, 6)).setDown(linear(6, 4)).build(),
                "the feed-forward block is incomplete: call optActivation");
        refuses(
                () -> FeedForward.builder().setDown(linear(6, 4)).build(),
                "the feed-forward block is incomplete: call setUp");
        refuses(
                () ->
                        FeedForward.builder()
                                .setUp(linear(4, 6))
                                .setDown(linear(6, 4))
                                .optActivation(linear(6, 5))
                                .build(),
                "activation must keep the shape of what it is given, (..., 6)");
        refuses(
                () ->
                        FeedForward.builder()
                                .setUp(linear(4, 6))
                                .setDown(linear(6, 4))
                                .optActivation(ActivationFunction.RELU)
                                .optNorm(linear(6, 3))
                                .build(),
                "norm must keep the shape of what it is given, (..., 6)");
        refuses(
                () ->
                        FeedForward.of(linear(4, 6), linear(6, 4), ActivationFunction.RELU)
                                .getOutputShapes(new Shape[] {new Shape(2, 5)}),
                "FeedForward: the last axis of the input (2, 5) must be inputs of up (4)");
    }

    @Test
    void gated_partsThatDoNotFit_nameBoth() {
        refuses(
                () ->
                        GatedFeedForward.builder()
                                .setFusedProjection(linear(4, 7), GateOrder.GATE_FIRST)
                                .setDown(linear(3, 4))
                                .build(),
                "gateUp gives 7 channels, which must be even: F for the gate and F for what it"
                        + " gates");
        refuses(
                () ->
                        GatedFeedForward.builder()
                                .setFusedProjection(linear(4, 8), GateOrder.GATE_FIRST)
                                .setDown(linear(8, 4))
                                .build(),
                "down takes 8 channels but the halves of gateUp give 4");
        refuses(
                () ->
                        GatedFeedForward.builder()
                                .setFusedProjection(linear(4, 8), GateOrder.GATE_FIRST)
                                .setDown(linear(4, 4))
                                .optActivation(Swish.shared())
                                .build(),
                "an activation that is a block needs a gate of its own: call setProjections");
        refuses(
                () ->
                        GatedFeedForward.builder()
                                .setProjections(linear(4, 6), linear(4, 6))
                                .setDown(linear(6, 4))
                                .optActivation(Swish.shared())
                                .optLimit(7)
                                .build(),
                "limit (7.0) bounds what a function is given, and the activation is a block: set a"
                        + " function");
        refuses(
                () ->
                        GatedFeedForward.builder()
                                .setProjections(linear(4, 6), linear(4, 6))
                                .setDown(linear(6, 4))
                                .optLimit(0)
                                .build(),
                "limit (0.0) must be above 0");
        refuses(
                () -> GatedFeedForward.builder().setDown(linear(6, 4)).build(),
                "the feed-forward block is incomplete: call setProjections or setFusedProjection");
    }

    private static Router.Builder router() {
        return Router.builder().setHiddenSize(4).setExperts(6).setExpertsPerToken(2);
    }

    @Test
    void router_numbersThatDoNotFit_nameBoth() {
        refuses(
                () -> router().setExpertsPerToken(7).build(),
                "expertsPerToken (7) must not exceed the experts to choose from (6)");
        refuses(
                () -> router().optGroups(4, 1, GroupScore.MAX).build(),
                "experts (6) must be a multiple of groups (4)");
        refuses(
                () -> router().optGroups(2, 3, GroupScore.MAX).build(),
                "groupsChosen (3) must not exceed groups (2)");
        refuses(
                () -> router().optGroups(6, 1, GroupScore.MAX).build(),
                "expertsPerToken (2) must not exceed the experts to choose from (1)");
        refuses(
                () -> router().optGroups(6, 2, GroupScore.TOP_TWO).build(),
                "groups of 1 expert have no two best: use GroupScore.MAX");
        refuses(() -> router().optScale(0).build(), "scale (0.0) must be a finite number above 0");
        refuses(() -> router().setExperts(0).build(), "experts (0) must be at least 1");
        refuses(
                () -> router().build().getOutputShapes(new Shape[] {new Shape(2, 5)}),
                "Router: the last axis of the input (2, 5) must be hiddenSize (4)");
    }

    @Test
    void mixture_partsThatDoNotFit_nameBoth() {
        List<Linear> six =
                List.of(
                        linear(4, 4),
                        linear(4, 4),
                        linear(4, 4),
                        linear(4, 4),
                        linear(4, 4),
                        linear(4, 4));
        refuses(
                () ->
                        MixtureOfExperts.builder()
                                .setRouter(router().build())
                                .setExperts(six.subList(0, 5))
                                .build(),
                "the router chooses among 6 experts but there are 5");
        refuses(
                () ->
                        MixtureOfExperts.builder()
                                .setRouter(router().setExperts(2).build())
                                .setExperts(List.of(linear(4, 4), linear(4, 3)))
                                .build(),
                "expert 1 gives 3 channels, which must be those it is given (4)");
        refuses(
                () ->
                        MixtureOfExperts.builder()
                                .setRouter(router().build())
                                .setExperts(six)
                                .optSharedExpert(linear(4, 5))
                                .build(),
                "the shared expert gives 5 channels, which must be those it is given (4)");
        refuses(
                () ->
                        MixtureOfExperts.builder()
                                .setRouter(router().build())
                                .setExperts(six)
                                .optSharedGate(linear(4, 1))
                                .build(),
                "a gate needs a shared expert to gate: call optSharedExpert");
        refuses(
                () ->
                        MixtureOfExperts.builder()
                                .setRouter(router().build())
                                .setExperts(six)
                                .optSharedExpert(linear(4, 4))
                                .optSharedGate(linear(4, 2))
                                .build(),
                "the shared expert's gate (4 to 2) must go from hiddenSize (4) to 1");
        refuses(
                () -> MixtureOfExperts.builder().setExperts(six).build(),
                "the mixture of experts is incomplete: call setRouter");
    }

    private static void refuses(Runnable attempt, String message) {
        assertThatIllegalArgumentException().isThrownBy(attempt::run).withMessage(message);
    }
}

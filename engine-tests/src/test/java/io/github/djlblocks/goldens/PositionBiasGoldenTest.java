package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.LinearBiasSpec;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.position.RelativePositionBias;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The slopes of ALiBi's authors and the buckets of T5. */
final class PositionBiasGoldenTest {

    private static final Pattern BUCKETS = Pattern.compile("bidir=([01])\\.n=(\\d+)\\.max=(\\d+)");

    @Test
    void slopes_everyNumberOfHeads_areTheOriginal() throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("misc/alibi_slopes_original.safetensors")) {
            Set<String> heads = golden.namesAfter("slopes.");
            assertThat(heads).hasSizeGreaterThan(30);
            for (String number : heads) {
                double[] expected = golden.values("slopes." + number);
                double[] slopes = LinearBiasSpec.slopes(Integer.parseInt(number));
                assertThat(slopes).as(number).hasSameSizeAs(expected);
                for (int i = 0; i < slopes.length; i++) {
                    assertThat(slopes[i])
                            .as("%s heads, slope %d", number, i)
                            .isCloseTo(expected[i], withinPercentage(1e-12));
                }
            }
        }
    }

    /** The table holds the number of each bucket. */
    @EachEngine
    void forward_everyDistance_isInItsBucket(NDManager manager)
            throws IOException, MalformedModelException {
        try (Golden golden = Golden.open("misc/t5_relative_buckets.safetensors")) {
            double[] relative = golden.values("relative_position");
            long[] keys = Arrays.stream(relative).mapToLong(r -> (long) r + 1000).toArray();
            for (String name : golden.namesAfter("bucket.")) {
                Matcher matcher = BUCKETS.matcher(name);
                assertThat(matcher.matches()).as(name).isTrue();
                int buckets = Integer.parseInt(matcher.group(2));
                RelativePositionBias block =
                        RelativePositionBias.of(
                                1,
                                new BucketSpec(
                                        buckets,
                                        Integer.parseInt(matcher.group(3)),
                                        matcher.group(1).equals("1")));
                block.setInitializer(
                        (owner, shape, type) -> owner.arange(0, buckets, 1, type).reshape(shape),
                        parameter -> true);
                Shape shape = new Shape(1, keys.length);
                block.initialize(manager, DataType.FLOAT32, new Shape(1, 1), shape);

                NDArray bias =
                        block.forward(
                                        new ParameterStore(manager, false),
                                        new NDList(
                                                manager.create(new long[][] {{1000}}),
                                                manager.create(keys, shape)),
                                        false,
                                        new PairList<>())
                                .singletonOrThrow();

                assertThat(bias.getShape()).isEqualTo(new Shape(1, 1, 1, keys.length));
                assertThat(HostValues.of(bias))
                        .as(name)
                        .containsExactly(golden.values("bucket." + name));
            }
        }
    }
}

package io.github.djlblocks.torchscript;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads constants that the engine's functions name in every call but seldom read.
 *
 * <p>With AVX-512 what {@code exp} is beyond its range is loaded under a mask, which is empty for
 * usual numbers. While the page it would come from is not mapped, the processor handles each such
 * load as if it may fault: a sigmoid or a softmax takes 20 times as long, and as nothing is read
 * the page is never mapped. Systems take pages away that are not read; so these are, on purpose,
 * now and then, by asking for values that need them.
 */
final class MappedConstants {

    /** Of every module that runs on the processor. */
    static final String METHOD = "read_constants";

    /** Of all modules: pages are those of the process. */
    static final MappedConstants SHARED = new MappedConstants(System.nanoTime());

    /** Shorter than what systems wait before they take a page that is not used. */
    static final long INTERVAL = TimeUnit.SECONDS.toNanos(10);

    private static final String TEXT =
            """
            def %s(self: %s) -> Tensor:
              numbers = torch.tensor([-2000.0, 2000.0, -30.0, 30.0, -0.5, 0.5, 1.0e-40, 0.0])
              total = torch.zeros([1], dtype=7)
              for type in [6, 7]:
                x = torch.to(torch.repeat(numbers, [32]), type)
                for y in [torch.sigmoid(x), torch.silu(x), torch.tanh(x), torch.gelu(x),\
             torch.gelu(x, approximate="tanh"), torch.log_sigmoid(x), torch.softmax(x, 0),\
             torch.elu(x), torch.erf(x), torch.mish(x)]:
                  total = total + torch.sum(y)
              return total
            """;

    private final AtomicLong due;

    MappedConstants(long now) {
        due = new AtomicLong(now);
    }

    /** The method that reads them. */
    static String method() {
        return TEXT.formatted(METHOD, Script.CLASS);
    }

    /** Whether the caller is the one who is to read them now. */
    boolean isDue(long now) {
        long then = due.get();
        return now - then >= 0 && due.compareAndSet(then, now + INTERVAL);
    }
}

package io.github.djlblocks.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What exported text calls. */
final class Operators {

    private static final Pattern CALL =
            Pattern.compile("(?:torch|[a-z0-9_)\\]])\\.([a-z_0-9]+)\\(");

    /**
     * What {@code docs/export/check_export.py} has seen run in PyTorch 1.13. A name that is missing
     * here belongs into {@code kernels_compatible.py} in another way, or here after such a run.
     */
    static final Set<String> OF_1_13 =
            Set.of(
                    ("abs add add_ addcmul addcmul_ all amax any append arange bincount cat celu"
                         + " clamp copy_ cos detach dim cumsum elu embedding erf expand flatten"
                         + " flip gather gelu index_add_ index_select layer_norm linear log_sigmoid"
                         + " log_softmax logical_and logical_or masked_fill matmul max mean mish"
                         + " mul_ narrow neg nonzero numel ones permute pow relu reshape roll rsqrt"
                         + " scatter select sigmoid silu sin size softmax sort split sqrt stack sum"
                         + " t tanh to tolist topk transpose triu unflatten unsqueeze view where"
                         + " zeros zeros_like")
                            .split(" "));

    private Operators() {}

    /** The names of operators in a file; the library's own functions are none. */
    static Set<String> in(Path file) throws IOException {
        Set<String> names = new TreeSet<>();
        CALL.matcher(Exports.text(file).replaceAll("__torch__[.\\w]*\\(|\\(self\\)\\.\\w+\\(", "("))
                .results()
                .map((MatchResult match) -> match.group(1))
                .forEach(names::add);
        return names;
    }
}

package io.github.djlblocks.architecture.wrong;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.core.Linear;
import ai.djl.pytorch.engine.PtNDArray;
import io.github.djlblocks.architecture.wrong.internal.Hidden;
import java.util.logging.Logger;

/** Classes that each break a rule. */
final class Offenders {

    private Offenders() {}

    static final class KnowsAnEngine {
        boolean test(NDArray array) {
            return array instanceof PtNDArray;
        }
    }

    static final class KnowsATokenizer {
        long[] ids(HuggingFaceTokenizer tokenizer) {
            return tokenizer.encode("text").getIds();
        }
    }

    static final class Computes {
        NDArray adds(NDArray x) {
            return x.add(x);
        }

        NDArray joins(NDList x) {
            return NDArrays.concat(x);
        }

        NDArray activates(NDArray x) {
            return Activation.relu(x);
        }

        NDList projects(NDArray x) {
            return Linear.linear(x, x);
        }
    }

    static final class LeavesTheEngineOpen {
        NDManager open() {
            return NDManager.newBaseManager();
        }
    }

    static final class UsesALambdaBlock {
        LambdaBlock identity() {
            return new LambdaBlock(x -> x);
        }
    }

    static final class Prints {
        void print() {
            System.out.println("text");
        }
    }

    static final class Logs {
        void log() {
            Logger.getGlobal().info("text");
        }
    }

    /** Names an internal class. */
    public static final class ShowsInternals {
        /**
         * Shows.
         *
         * @param hidden not API
         */
        public void show(Hidden hidden) {
            hidden.touch();
        }
    }
}

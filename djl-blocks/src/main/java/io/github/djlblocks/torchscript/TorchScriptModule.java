package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A TorchScript module whose methods are written by hand, to be saved as a file.
 *
 * <pre>{@code
 * TorchScriptModule.builder("__torch__.Scale")
 *         .addParameter("weight", weight)
 *         .addMethod("""
 *                 def forward(self: __torch__.Scale, x: Tensor) -> Tensor:
 *                   return torch.mul(x, self.weight)
 *                 """)
 *         .build()
 *         .write(Path.of("scale.pt"));
 * }</pre>
 *
 * <p>The text is TorchScript as PyTorch writes it into its files: types on everything, operators by
 * the names of {@code torch}, two spaces for each level. It is read when the file is loaded, not
 * before: what is wrong with it is said then.
 */
public final class TorchScriptModule {

    private final ModuleNode node;

    private TorchScriptModule(ModuleNode node) {
        this.node = node;
    }

    /**
     * Starts a module.
     *
     * @param className the name of its class, {@code __torch__.} and identifiers with dots between
     *     them; modules of one class have the same parts and methods
     * @return a new builder
     * @throws IllegalArgumentException if it is no such name
     */
    public static Builder builder(String className) {
        return new Builder(ModuleNode.builder(className));
    }

    /**
     * Writes the module as a file, beside its place first: on failure nothing is left behind, and a
     * file that was there before is untouched.
     *
     * @param file the file, by custom {@code name.pt}; replaced if it exists
     * @throws IOException if it cannot be written
     * @throws IllegalArgumentException if two modules of one class differ in more than values
     */
    public void write(Path file) throws IOException {
        new TorchScriptArchive(node).write(file);
    }

    /** Builds a {@link TorchScriptModule}. */
    public static final class Builder {

        private final ModuleNode.Builder node;

        private Builder(ModuleNode.Builder node) {
            this.node = node;
        }

        /**
         * Adds a tensor that is trained, and is in the {@code state_dict}.
         *
         * @param name its name
         * @param values its values, of any engine; open until the file is written
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no name of TorchScript
         */
        public Builder addParameter(String name, NDArray values) {
            node.addParameter(name, StoredArrays.of(values));
            return this;
        }

        /**
         * Adds a tensor that is not trained, and is in the {@code state_dict}.
         *
         * @param name its name
         * @param values its values, of any engine; open until the file is written
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no name of TorchScript
         */
        public Builder addBuffer(String name, NDArray values) {
            node.addBuffer(name, StoredArrays.of(values));
            return this;
        }

        /**
         * Adds a module inside of this one.
         *
         * @param name its name
         * @param module the module; the same at several places is one module when loaded
         * @return this builder
         * @throws IllegalArgumentException if the name is taken or no name of TorchScript
         */
        public Builder addModule(String name, TorchScriptModule module) {
            node.addChild(name, module.node);
            return this;
        }

        /**
         * Adds a method.
         *
         * @param text its definition, beginning with {@code def name(self:} and the class
         * @return this builder
         * @throws IllegalArgumentException if the text begins otherwise, or the name is taken
         */
        public Builder addMethod(String text) {
            node.addMethod(text);
            return this;
        }

        /**
         * Builds the module.
         *
         * @return the module
         */
        public TorchScriptModule build() {
            return new TorchScriptModule(node.build());
        }
    }
}

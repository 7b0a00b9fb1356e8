package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs blocks compiled, as one native call of the PyTorch engine for a whole forward pass, and
 * writes them out as files that run without this library.
 */
public final class TorchScript {

    private TorchScript() {}

    /**
     * Compiles the passes for inference of a block of this library, in place: {@code forward} and
     * everything built on it stay as they are. A pass is recorded when the first of its kind comes
     * (batch and length stay open), and runs as one call from then on. Training, other engines, and
     * what cannot be compiled run as before.
     *
     * <p>Compiled passes give no gradients: a block with parameters that want one runs as before,
     * in every pass; {@code freezeParameters(true)} says that they do not. Compiled again, what was
     * compiled before is freed, behind the last call it is in.
     *
     * @param block the block, on engine PyTorch
     * @param manager the manager that holds what is compiled: what is compiled ends with it, behind
     *     the calls that are in it, and the block runs as before then
     * @param options how
     * @return what becomes of its passes
     * @throws IllegalArgumentException if the manager is of another engine
     */
    public static PassStatistics compile(
            KernelBlock block, NDManager manager, CompileOptions options) {
        BlockRunner runner = new BlockRunner(block, manager, options);
        block.setPassRunner(runner);
        return runner;
    }

    /**
     * Compiles blocks of a larger one that run apart, such as encoder and decoder: each as {@link
     * #compile(KernelBlock, NDManager, CompileOptions)} does, but weights that they have in common
     * are packed once, and weights have the paths of the larger block.
     *
     * @param whole the larger block; its own passes stay as they are
     * @param parts blocks of it
     * @param manager the manager that holds what is compiled
     * @param options how
     * @return what becomes of the passes of each part
     * @throws IllegalArgumentException if the manager is of another engine
     */
    public static List<PassStatistics> compile(
            KernelBlock whole,
            List<? extends KernelBlock> parts,
            NDManager manager,
            CompileOptions options) {
        WeightShare weights =
                new WeightShare(whole, options, BlockRunner.pyTorch(manager).getDevice());
        List<PassStatistics> statistics = new ArrayList<>();
        for (KernelBlock part : parts) {
            BlockRunner runner = new BlockRunner(part, manager, options, weights);
            part.setPassRunner(runner);
            statistics.add(runner);
        }
        return statistics;
    }

    /**
     * Compiles any block, as a container of DJL, into another that runs it.
     *
     * @param block the block, on engine PyTorch
     * @param manager the manager that holds what is compiled
     * @param options how
     * @return a block of the same parameters
     * @throws IllegalArgumentException if the manager is of another engine
     */
    public static Block compiled(Block block, NDManager manager, CompileOptions options) {
        return new CompiledBlock(block, new BlockRunner(block, manager, options));
    }

    /**
     * Writes a block as a TorchScript file, which {@code torch.jit.load} of Python and C++, DJL's
     * PyTorch engine and DJL Serving load without this library.
     *
     * <p>Each method of the file, {@code forward} or one that was added, takes one tensor for each
     * input and for each array of its params, in this order, and gives a tensor, or a tuple where
     * the block has several outputs; it computes what the block does for inference. Caches in the
     * params become what the method's {@link CacheForm} says. The {@code state_dict} has the
     * block's parameters, and nothing else, under their paths, as {@code
     * layers.0.attention.query.weight}; a tied parameter is stored once and found at each of its
     * paths. A weight in an integer format is found as its codes and scales, {@code weight_codes}
     * and {@code weight_scales}, and multiplied out where it is used. The block may be on any
     * engine; its blocks are of this library, or containers of DJL.
     *
     * <p>What a file takes and gives is never bfloat16, which DJL cannot hold. Its extra file
     * {@code djl_blocks.json} describes its methods.
     *
     * <p>The file is written beside its place and moved there at the end: a failure leaves neither
     * a part of it, nor changes what was there before.
     *
     * @param block the block, initialised or loaded
     * @param path the file, by custom {@code name.pt}; replaced if it exists
     * @param options what its methods are given, its weights, and for which PyTorch it is
     * @throws IOException if the file cannot be written, or its directory is not there
     * @throws UnsupportedOperationException if the block does what cannot be written as
     *     TorchScript, or is given a cache that a file cannot hold
     * @throws IllegalStateException if a parameter has no values
     * @throws IllegalArgumentException if the block refuses inputs of such shapes, or two of its
     *     parameters have the same path
     */
    public static void export(Block block, Path path, ExportOptions options) throws IOException {
        new Exporter(block, options).write(path);
    }

    /**
     * Writes a language model as a TorchScript file of three methods over {@code ids}, INT64 (B,
     * S):
     *
     * <ul>
     *   <li>{@code forward(ids)}: the logits of whole sequences, (B, S, V), without a cache;
     *   <li>{@code prefill(ids)}: begins a sequence, and gives the logits of its last position, (B,
     *       1, V);
     *   <li>{@code decode(ids)}: continues it by one token or more, and gives the same.
     * </ul>
     *
     * <p>With {@link CacheForm#STATE} the module holds the sequence; {@code reset()} forgets it,
     * {@code reorder(rows)} takes other rows of the batch. With {@link CacheForm#ARGUMENTS} it is
     * {@code decode(ids, past)}, and both give a tuple of logits and the next {@code past}. More
     * tokens than the model's context are refused.
     *
     * @param model the model, initialised or loaded, on any engine
     * @param path the file, by custom {@code name.pt}; replaced if it exists
     * @param options how
     * @throws IOException if the file cannot be written, or its directory is not there
     * @throws UnsupportedOperationException if the model does what cannot be written as
     *     TorchScript, or a policy is none that a file can hold
     * @throws IllegalStateException if a parameter has no values
     * @throws IllegalArgumentException if there is not one policy for each layer
     */
    public static void exportDecoder(
            CausalLanguageModel model, Path path, DecoderExportOptions options) throws IOException {
        new DecoderExporter(model, options).write(path);
    }

    /**
     * Writes an encoder-decoder as a TorchScript file of four methods:
     *
     * <ul>
     *   <li>{@code forward(source, ids)}: the logits of whole sequences, (B, S, V);
     *   <li>{@code encode(source)}: the memory, (B, T, M);
     *   <li>{@code prefill(ids, memory)}: begins a sequence over a memory, whose keys and values it
     *       computes once, and gives the logits of the last position, (B, 1, V);
     *   <li>{@code decode(ids, memory)}: continues it over the same memory.
     * </ul>
     *
     * <p>With {@link DecoderExportOptions.Builder#optMask} each has a last argument {@code mask}
     * (B, T), 1 where a token of the source stands and 0 where padding stands. Caches are as in
     * {@link #exportDecoder}.
     *
     * @param model the model, initialised or loaded, on any engine
     * @param path the file, by custom {@code name.pt}; replaced if it exists
     * @param options how; without positions and policies
     * @throws IOException if the file cannot be written, or its directory is not there
     * @throws UnsupportedOperationException if the model does what cannot be written as
     *     TorchScript, or positions or policies are given
     * @throws IllegalStateException if a parameter has no values
     */
    public static void exportEncoderDecoder(
            EncoderDecoder model, Path path, DecoderExportOptions options) throws IOException {
        new Seq2SeqExporter(model, options).write(path);
    }
}

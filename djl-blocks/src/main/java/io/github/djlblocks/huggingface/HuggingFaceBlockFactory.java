package io.github.djlblocks.huggingface;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Builds the block of a Hugging Face directory and loads its weights.
 *
 * <p>Name it in {@code serving.properties} ({@code
 * blockFactory=io.github.djlblocks.huggingface.HuggingFaceBlockFactory}, with {@code
 * option.hasParameter=false}) or in {@code Criteria.optArgument("blockFactory", ...)}. Argument
 * {@code dataType}: {@code float32} (default), {@code float64}, {@code float16}.
 */
public final class HuggingFaceBlockFactory implements BlockFactory {

    private static final long serialVersionUID = 1L;

    /** Creates the factory; DJL does so by name. */
    public HuggingFaceBlockFactory() {}

    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        Object named = arguments.get("dataType");
        DataType dataType = named == null ? DataType.FLOAT32 : dataType(named.toString());
        try {
            Block block = HuggingFaceModels.load(modelPath, model.getNDManager(), dataType);
            model.setDataType(dataType);
            return block;
        } catch (MalformedModelException e) {
            // The interface has no place for DJL's own exception.
            throw new IOException(e.getMessage(), e);
        }
    }

    private static DataType dataType(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "float32" -> DataType.FLOAT32;
            case "float64" -> DataType.FLOAT64;
            case "float16" -> DataType.FLOAT16;
            default ->
                    throw new IllegalArgumentException(
                            "dataType '"
                                    + name
                                    + "' cannot be computed through NDArray: use float32, float64"
                                    + " or float16 (a bfloat16 checkpoint loads as any of these)");
        };
    }
}

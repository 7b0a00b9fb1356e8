package io.github.djlblocks.huggingface;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Builds the block of a Hugging Face directory and loads its weights.
 *
 * <p>Name it in {@code serving.properties} ({@code
 * blockFactory=io.github.djlblocks.huggingface.HuggingFaceBlockFactory}, with {@code
 * option.hasParameter=false}) or in {@code Criteria.optArgument("blockFactory", ...)}. Its
 * arguments {@code dataType}, {@code compile}, {@code weights} and {@code weights.}<i>paths</i> are
 * listed at {@link LoadOptions#of}. With {@code translatorFactory} the one of text generation, the
 * tokenizer is checked before weights are loaded.
 */
public final class HuggingFaceBlockFactory implements BlockFactory {

    /** The argument that names the translators, as in {@code serving.properties}. */
    static final String TRANSLATORS = "translatorFactory";

    static final String TEXT_GENERATION = TextGenerationTranslatorFactory.class.getName();

    private static final long serialVersionUID = 1L;

    /** Creates the factory; DJL does so by name. */
    public HuggingFaceBlockFactory() {}

    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        LoadOptions options = LoadOptions.of(arguments);
        if (String.valueOf(arguments.get(TRANSLATORS)).equals(TEXT_GENERATION)) {
            // Before gigabytes are loaded that the text could not use.
            TokenizerFile.check(modelPath, HuggingFaceModels.describe(modelPath).vocabularySize());
        }
        try {
            Block block = HuggingFaceModels.loadBlock(modelPath, model.getNDManager(), options);
            model.setDataType(options.dataType());
            return block;
        } catch (MalformedModelException e) {
            // The interface has no place for DJL's own exception.
            throw new IOException(e.getMessage(), e);
        }
    }
}

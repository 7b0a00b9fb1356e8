package io.github.djlblocks.samples;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The story model that ships with the samples, as a directory. */
final class ShippedModel {

    private static final String FOLDER = "story-model/";

    private static final List<String> FILES =
            List.of(
                    "config.json",
                    "generation_config.json",
                    "model.safetensors",
                    "serving.properties",
                    "tokenizer.json",
                    "tokenizer_config.json");

    private ShippedModel() {}

    /**
     * Returns the directory of the model. From a jar it is copied to a temporary directory first,
     * as weights are mapped from a file.
     */
    static Path directory() throws IOException {
        URL config = ShippedModel.class.getResource(FOLDER + FILES.get(0));
        if (config == null) {
            throw new IOException(
                    "the story model is not on the classpath: train one with TrainStories, or"
                            + " give --model");
        }
        if (config.getProtocol().equals("file")) {
            try {
                Path file = Path.of(new URI(config.toString()));
                return file.resolveSibling("");
            } catch (URISyntaxException e) {
                throw new IOException("no path for " + config, e);
            }
        }
        Path directory = Files.createTempDirectory("story-model");
        for (String name : FILES) {
            Path copy = directory.resolve(name);
            try (InputStream in = ShippedModel.class.getResourceAsStream(FOLDER + name)) {
                if (in == null) {
                    throw new IOException(FOLDER + name + " is missing from the samples jar");
                }
                Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            copy.toFile().deleteOnExit();
        }
        directory.toFile().deleteOnExit();
        return directory;
    }
}

package io.github.djlblocks.adapter;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.SafetensorsFile;
import io.github.djlblocks.core.Linear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Brings the tensors of an adapter's file and the linear maps of a model together. */
final class AdapterReader implements AutoCloseable {

    private final Modules modules;
    private final Path directory;
    private final LoraConfig config;
    private final SafetensorsFile source;
    private final List<String> faults = new ArrayList<>();

    AdapterReader(Modules modules, Path directory) throws IOException, MalformedModelException {
        this.modules = modules;
        this.directory = directory;
        config = PeftConfig.read(directory);
        Path file = directory.resolve(PeftNames.FILE);
        if (!Files.exists(file)) {
            boolean pickled = Files.exists(directory.resolve("adapter_model.bin"));
            throw new IOException(
                    file
                            + " is missing"
                            + (pickled
                                    ? ": adapter_model.bin is a pickle, which is not read; save the"
                                            + " adapter with safe_serialization=True"
                                    : ": the directory of an adapter has it beside "
                                            + PeftConfig.FILE));
        }
        source = SafetensorsFile.open(file);
    }

    /**
     * Makes the adapters, which read their values when they are initialised.
     *
     * @throws MalformedModelException if they are not for this model; all faults at once
     */
    Map<String, LoraAdapter> adapters() throws MalformedModelException {
        Map<String, Map<String, String>> tensors = new TreeMap<>();
        source.names().forEach(tensor -> place(tensor, tensors));
        Map<String, LoraAdapter> made = new LinkedHashMap<>();
        modules.linear()
                .forEach(
                        (module, map) -> {
                            Map<String, String> own = tensors.get(module);
                            boolean wanted =
                                    config.targets().matches(module, modules.isHead(module));
                            if (own != null) {
                                made.put(module, adapter(module, map, own));
                            } else if (wanted) {
                                faults.add(
                                        "it targets "
                                                + module
                                                + " but has no tensor "
                                                + PeftNames.tensor(module, LoraAdapter.DOWN));
                            }
                        });
        if (made.isEmpty() && faults.isEmpty()) {
            faults.add("it has no tensor");
        }
        if (!faults.isEmpty()) {
            throw new MalformedModelException(
                    "the adapter in "
                            + directory
                            + config.baseModel().map(name -> ", made for " + name + ",").orElse("")
                            + " does not fit this model, and nothing of it was loaded:\n  "
                            + String.join("\n  ", faults));
        }
        return made;
    }

    private void place(String tensor, Map<String, Map<String, String>> tensors) {
        Optional<PeftNames.Place> place = PeftNames.place(tensor);
        if (place.isEmpty()) {
            faults.add(
                    "tensor '"
                            + tensor
                            + "' is none of LoRA's of a linear map: only lora_A, lora_B and"
                            + " lora_magnitude_vector of base_model.model.<module> are read");
            return;
        }
        String module = place.get().module();
        Optional<String> own = modules.own(module);
        if (own.isEmpty()) {
            faults.add(
                    "tensor '"
                            + tensor
                            + "' belongs to "
                            + module
                            + (modules.isTiedHead(module)
                                    ? ", which is the tied table here and no linear map"
                                    : modules.isOther(module)
                                            ? ", which is no linear map here, such as a table or a"
                                                    + " router"
                                            : ", which this model does not have"));
            return;
        }
        String other =
                tensors.computeIfAbsent(own.get(), missing -> new LinkedHashMap<>())
                        .putIfAbsent(place.get().parameter(), tensor);
        if (other != null) {
            faults.add("tensors '" + other + "' and '" + tensor + "' are for one parameter");
        }
    }

    private LoraAdapter adapter(String module, Linear map, Map<String, String> tensors) {
        LoraAdapter adapter = new LoraAdapter(map, config.sizes(module), config);
        for (Map.Entry<String, Parameter> own : adapter.named().entrySet()) {
            String tensor = tensors.remove(own.getKey());
            if (tensor == null) {
                faults.add("tensor '" + PeftNames.tensor(module, own.getKey()) + "' is missing");
                continue;
            }
            Parameter parameter = own.getValue();
            Shape stored = source.info(tensor).shape();
            if (!stored.equals(parameter.getShape())) {
                faults.add(
                        "tensor '"
                                + tensor
                                + "' is "
                                + stored
                                + ", but "
                                + module
                                + " ("
                                + map.getInputs()
                                + " to "
                                + map.getOutputs()
                                + ") with rank "
                                + adapter.sizes().rank()
                                + " takes "
                                + parameter.getShape());
                continue;
            }
            if (!source.info(tensor).type().isFloating()) {
                faults.add("tensor '" + tensor + "' is " + source.info(tensor).type());
                continue;
            }
            parameter.setInitializer((manager, shape, type) -> source.read(tensor, manager, type));
            parameter.freeze(true);
        }
        tensors.values()
                .forEach(
                        tensor ->
                                faults.add(
                                        "tensor '"
                                                + tensor
                                                + "' is there, but use_dora is "
                                                + config.isDora()
                                                + " and lora_bias "
                                                + config.hasLoraBias()));
        return adapter;
    }

    @Override
    public void close() {
        source.close();
    }
}

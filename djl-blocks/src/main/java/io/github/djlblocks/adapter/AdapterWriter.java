package io.github.djlblocks.adapter;

import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.internal.StagedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Writes an adapter as PEFT does. */
final class AdapterWriter {

    private final Modules modules;
    private final Map<String, LoraAdapter> adapters;

    /**
     * Creates a writer.
     *
     * @param adapters by module, at least one, of one name
     */
    AdapterWriter(Modules modules, Map<String, LoraAdapter> adapters) {
        this.modules = modules;
        this.adapters = adapters;
    }

    void write(Path directory) throws IOException {
        SafetensorsWriter tensors = new SafetensorsWriter().addMetadata("format", "pt");
        adapters.forEach(
                (module, adapter) ->
                        adapter.named()
                                .forEach(
                                        (name, parameter) ->
                                                tensors.add(
                                                        PeftNames.tensor(module, name),
                                                        parameter.getArray())));
        try (StagedFiles staged = StagedFiles.in(directory)) {
            Files.writeString(staged.file(PeftConfig.FILE), config());
            tensors.write(staged.file(PeftNames.FILE));
            staged.publish(name -> name.equals("adapter_model.bin"));
        }
    }

    private String config() {
        LoraAdapter first = adapters.values().iterator().next();
        LoraConfig config = first.config();
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        adapters.forEach(
                (module, adapter) -> {
                    LoraSizes sizes = adapter.sizes();
                    if (sizes.rank() != config.rank()) {
                        ranks.put(module, sizes.rank());
                    }
                    if (sizes.alpha() != config.alpha()) {
                        alphas.put(module, sizes.alpha());
                    }
                });
        boolean isTurned = adapters.keySet().stream().anyMatch(modules::isTurned);
        return PeftConfig.write(config, targets(), ranks, alphas, isTurned);
    }

    /** The ends of names if they say exactly which modules are adapted, else whole names. */
    private Set<String> targets() {
        Set<String> ends = new TreeSet<>();
        adapters.keySet()
                .forEach(module -> ends.add(module.substring(module.lastIndexOf('.') + 1)));
        boolean exact =
                !takesOther(ends, modules.linear().keySet()) && !takesOther(ends, modules.others());
        return exact ? ends : new TreeSet<>(adapters.keySet());
    }

    private boolean takesOther(Set<String> ends, Collection<String> names) {
        return names.stream()
                .filter(name -> !adapters.containsKey(name))
                .anyMatch(name -> ends.contains(name.substring(name.lastIndexOf('.') + 1)));
    }
}

package io.github.djlblocks.adapter;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.FrozenParameters;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.LinearAdapter;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of a model: LoRA and DoRA of its linear maps, several on one base.
 *
 * <p>Which adapter applies is said by each pass: by the param {@link #PARAM}, by {@link
 * AdaptedBlock} or by the options of a generation. A pass that says nothing is one of the base
 * alone. An adapter is a child {@code adapters.}<i>name</i> of every linear map it changes, so its
 * parameters are among those of the model.
 *
 * <p>Passes may run at the same time with different adapters. Adapters are added, loaded and
 * removed at any time, too, but for the one that is in use; merging and unmerging changes the
 * weights, and no pass may run then.
 */
public final class Adapters {

    /** Under this key the name of an adapter lies in the {@code params} of a pass. */
    public static final String PARAM = AdapterChoice.KEY;

    private final Block model;
    private final Modules modules;
    private final NDManager manager;

    private Adapters(Block model, @Nullable ModelDescription description, NDManager manager) {
        this.model = model;
        this.manager = manager;
        modules = new Modules(model, description);
        if (modules.linear().isEmpty()) {
            throw new IllegalArgumentException(
                    model.getClass().getSimpleName() + " has no linear map that could be adapted");
        }
    }

    /**
     * Looks at the adapters of a model whose linear maps are called by their paths, such as {@code
     * layers.0.attention.sublayer.query}.
     *
     * @param model the model; its weights have values, or are packed for compiled passes
     * @param manager owns the parameters of adapters, on the model's engine and device
     * @return its adapters
     * @throws IllegalArgumentException if it has no linear map
     */
    public static Adapters of(Block model, NDManager manager) {
        return new Adapters(model, null, manager);
    }

    /**
     * Looks at the adapters of a model whose linear maps are called by the modules of its
     * checkpoint, such as {@code model.layers.0.self_attn.q_proj}, in configurations and in files.
     *
     * @param model the block of {@code description}
     * @param description what describes it
     * @param manager owns the parameters of adapters, on the model's engine and device
     * @return its adapters
     * @throws IllegalArgumentException if it has no linear map, or one without a name in
     *     checkpoints
     */
    public static Adapters of(Block model, ModelDescription description, NDManager manager) {
        return new Adapters(model, description, manager);
    }

    /**
     * Adds an adapter whose parameters get values with those of the model, when it is initialised
     * or loads what DJL has saved. Maps are called by their paths.
     *
     * @param model the model, not initialised yet
     * @param name the adapter's name: letters, digits, {@code _} and {@code -}
     * @param config which maps it adapts, and how
     * @return the names of the maps it adapts
     * @throws IllegalArgumentException if the name is taken, or no map is a target
     */
    public static Set<String> declare(Block model, String name, LoraConfig config) {
        Modules modules = new Modules(model, null);
        Map<String, LoraAdapter> made = made(modules, config);
        made.forEach((module, adapter) -> adapter.base().addAdapter(name, adapter));
        return new TreeSet<>(made.keySet());
    }

    /**
     * Adds an adapter that changes nothing yet, and prepares the model for its training: its
     * parameters want gradients, all others are frozen for good ({@link #train}).
     *
     * @param name its name: letters, digits, {@code _} and {@code -}
     * @param config which maps it adapts, and how
     * @return the names of the maps it adapts
     * @throws IllegalArgumentException if the name is taken, or no map is a target
     * @throws IllegalStateException if it is DoRA, but the weights are packed for compiled passes
     */
    public Set<String> add(String name, LoraConfig config) {
        Map<String, LoraAdapter> made = made(modules, config);
        install(name, made.values());
        train(name);
        return new TreeSet<>(made.keySet());
    }

    private static Map<String, LoraAdapter> made(Modules modules, LoraConfig config) {
        Map<String, LoraAdapter> made = new LinkedHashMap<>();
        modules.linear()
                .forEach(
                        (module, map) -> {
                            if (config.targets().matches(module, modules.isHead(module))) {
                                LoraSizes sizes = config.sizes(module);
                                made.put(module, new LoraAdapter(map, sizes, config));
                            }
                        });
        if (made.isEmpty()) {
            throw new IllegalArgumentException(
                    "no linear map is a target of "
                            + config.targets()
                            + "; there are "
                            + modules.linear().keySet());
        }
        return made;
    }

    /** Gives them values, and then adds all of them or none. */
    private void install(String name, Collection<LoraAdapter> made) {
        requireFree(name);
        List<Linear> done = new ArrayList<>();
        boolean complete = false;
        try {
            made.forEach(this::initialize);
            for (LoraAdapter adapter : made) {
                adapter.base().addAdapter(name, adapter);
                done.add(adapter.base());
            }
            complete = true;
        } finally {
            if (!complete) {
                done.forEach(map -> map.removeAdapter(name));
                made.forEach(LoraAdapter::clear);
            }
        }
    }

    private void requireFree(String name) {
        if (names().contains(name)) {
            throw new IllegalArgumentException(
                    "there is an adapter '" + name + "' already: remove it, or use another name");
        }
    }

    private void initialize(LoraAdapter adapter) {
        Parameter weight = adapter.base().getDirectParameters().get("weight");
        if (adapter.isDora() && !weight.isInitialized()) {
            throw new IllegalStateException(
                    "DoRA needs the values of the weights, but those of the model are packed for"
                            + " compiled passes or not loaded: load it without a weight format");
        }
        DataType type = weight.isInitialized() ? weight.getArray().getDataType() : DataType.FLOAT32;
        adapter.initialize(manager, type, adapter.shapes());
    }

    /**
     * Prepares the training of an adapter: its parameters want gradients, and all others of the
     * model are frozen for good, so that no trainer changes them. {@link Freezing#unfreeze} undoes
     * it.
     *
     * @param name the name of an adapter
     * @throws IllegalArgumentException if there is no such adapter
     */
    public void train(String name) {
        require(name);
        List<Parameter> own = new ArrayList<>();
        for (LinearAdapter adapter : adaptersOf(name).values()) {
            own.addAll(adapter.getParameters().values());
        }
        for (Parameter parameter : ParameterPaths.of(model).values()) {
            if (own.contains(parameter)) {
                FrozenParameters.remove(parameter);
                parameter.freeze(false);
            } else {
                FrozenParameters.add(parameter);
            }
        }
    }

    /**
     * Removes an adapter and frees its parameters; no pass may be using it.
     *
     * @param name the name of an adapter
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if it is merged
     */
    public void remove(String name) {
        require(name);
        requireUnmerged("'" + name + "' cannot be removed");
        adaptersOf(name).keySet().forEach(module -> linear(module).removeAdapter(name));
    }

    /**
     * Returns which adapters there are.
     *
     * @return their names
     */
    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        modules.linear().values().forEach(map -> names.addAll(map.adapters().keySet()));
        return names;
    }

    /**
     * Returns which maps an adapter changes.
     *
     * @param name the name of an adapter
     * @return the names of the maps
     * @throws IllegalArgumentException if there is no such adapter
     */
    public Set<String> adapted(String name) {
        require(name);
        return new TreeSet<>(adaptersOf(name).keySet());
    }

    /**
     * Makes a block that runs the model with an adapter, whatever is passed along: for trainers and
     * predictors, which pass nothing.
     *
     * @param name the name of an adapter
     * @return the block; the model is its child {@code model}
     * @throws IllegalArgumentException if there is no such adapter
     */
    public AdaptedBlock block(String name) {
        require(name);
        return AdaptedBlock.of(model, name);
    }

    /**
     * Changes the weights to what they are with an adapter, so that a pass without one gives its
     * numbers at the cost of the base. What the weights were is kept in memory, for {@link
     * #unmerge}. Meanwhile no pass can choose an adapter, and none is merged besides.
     *
     * @param name the name of an adapter
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if one is merged already, weights want gradients or are packed,
     *     or the adapter has a bias where the map has none
     */
    public void merge(String name) {
        require(name);
        requireUnmerged("'" + name + "' cannot be merged");
        if (model instanceof KernelBlock root) {
            root.requireSharedWeights("merged with an adapter");
        }
        List<Linear> done = new ArrayList<>();
        boolean complete = false;
        try {
            for (String module : adaptersOf(name).keySet()) {
                linear(module).mergeAdapter(name);
                done.add(linear(module));
            }
            complete = true;
        } finally {
            if (!complete) {
                done.forEach(Linear::unmergeAdapter);
            }
        }
    }

    /**
     * Gives the weights back what they were before {@link #merge}, bit for bit.
     *
     * @throws IllegalStateException if no adapter is merged
     */
    public void unmerge() {
        merged();
        modules.linear().values().forEach(Linear::unmergeAdapter);
    }

    /**
     * Makes the merged weights those of the model for good, and removes the adapter that was
     * merged: the model can be saved as one without adapters.
     *
     * @throws IllegalStateException if no adapter is merged
     */
    public void keepMerged() {
        String name = merged();
        modules.linear().values().forEach(Linear::forgetMerged);
        remove(name);
    }

    private String merged() {
        return modules.linear().values().stream()
                .flatMap(map -> Stream.ofNullable(map.mergedAdapter()))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no adapter is merged"));
    }

    private void requireUnmerged(String what) {
        for (Linear map : modules.linear().values()) {
            if (map.mergedAdapter() != null) {
                throw new IllegalStateException(
                        what
                                + ": adapter '"
                                + map.mergedAdapter()
                                + "' is merged into the weights; unmerge it first");
            }
        }
    }

    /**
     * Writes an adapter in the layout of PEFT 0.15: {@code adapter_config.json} and {@code
     * adapter_model.safetensors}, in the type of its parameters.
     *
     * @param name the name of an adapter, which the files do not have
     * @param directory where to; made if it is not there
     * @throws IOException if a file cannot be written; nothing has changed then
     * @throws IllegalArgumentException if there is no such adapter
     */
    public void save(String name, Path directory) throws IOException {
        require(name);
        new AdapterWriter(modules, adaptersOf(name)).write(directory);
    }

    /**
     * Loads an adapter in the layout of PEFT, all of it or nothing, for inference: its parameters
     * are frozen.
     *
     * @param name what to call it
     * @param directory where its files are
     * @return the names of the maps it adapts
     * @throws IOException if a file is missing or cannot be read
     * @throws MalformedModelException if a file is damaged, or it is an adapter for another model;
     *     the message lists all faults
     * @throws IllegalArgumentException if the configuration has what is not implemented, or the
     *     name is taken
     * @throws IllegalStateException if it is DoRA, but the weights are packed for compiled passes
     */
    public Set<String> load(String name, Path directory)
            throws IOException, MalformedModelException {
        requireFree(name);
        try (AdapterReader reader = new AdapterReader(modules, directory)) {
            Map<String, LoraAdapter> made = reader.adapters();
            install(name, made.values());
            return new TreeSet<>(made.keySet());
        }
    }

    private Map<String, LoraAdapter> adaptersOf(String name) {
        Map<String, LoraAdapter> own = new LinkedHashMap<>();
        modules.linear()
                .forEach(
                        (module, map) -> {
                            LinearAdapter adapter = map.adapters().get(name);
                            if (adapter instanceof LoraAdapter lora) {
                                own.put(module, lora);
                            }
                        });
        return own;
    }

    private Linear linear(String module) {
        Linear map = modules.linear().get(module);
        if (map == null) {
            throw new IllegalStateException(module + " is no linear map");
        }
        return map;
    }

    private void require(String name) {
        if (!names().contains(name)) {
            throw new IllegalArgumentException(
                    "there is no adapter '" + name + "' here, but " + names());
        }
    }
}

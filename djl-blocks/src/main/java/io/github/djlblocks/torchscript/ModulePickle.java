package io.github.djlblocks.torchscript;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** The pickle of a module tree, and the tensors whose bytes it names. */
final class ModulePickle {

    private final PickleWriter pickle = new PickleWriter();
    private final IdentityHashMap<StoredTensor, String> storages = new IdentityHashMap<>();
    private final Map<String, Storage> ordered = new LinkedHashMap<>();
    private final IdentityHashMap<StoredTensor, Integer> parameters = new IdentityHashMap<>();
    private final IdentityHashMap<StoredTensor, Integer> buffers = new IdentityHashMap<>();
    private final IdentityHashMap<ModuleNode, Integer> objects = new IdentityHashMap<>();
    private final byte[] bytes;

    /**
     * The bytes of a tensor.
     *
     * @param path where the tree has it first, as the state_dict names it
     * @param tensor the tensor
     */
    record Storage(String path, StoredTensor tensor) {}

    ModulePickle(ModuleNode root) {
        object("", root);
        bytes = pickle.finish();
    }

    byte[] bytes() {
        return bytes;
    }

    /** Key to bytes. */
    Map<String, Storage> storages() {
        return Collections.unmodifiableMap(ordered);
    }

    private void object(String prefix, ModuleNode node) {
        Integer known = objects.get(node);
        if (known != null) {
            pickle.recall(known);
            return;
        }
        pickle.object(
                node.className(),
                () ->
                        node.parts()
                                .forEach(
                                        (name, part) -> {
                                            pickle.string(name);
                                            part(prefix + name, part);
                                        }));
        objects.put(node, pickle.remember());
    }

    private void part(String path, ModuleNode.Part part) {
        if (part instanceof ModuleNode.Tensor tensor) {
            tensor(path, tensor);
        } else if (part instanceof ModuleNode.Child child) {
            object(path + ".", child.node());
        } else if (part instanceof ModuleNode.Value value) {
            pickle.value(value.type(), value.value());
        }
    }

    /** A tensor met again is recalled: PyTorch would read its storage a second time. */
    private void tensor(String path, ModuleNode.Tensor part) {
        StoredTensor tensor = part.tensor();
        IdentityHashMap<StoredTensor, Integer> seen =
                part.requiresGradient() ? parameters : buffers;
        Integer known = seen.get(tensor);
        if (known != null) {
            pickle.recall(known);
            return;
        }
        pickle.global("torch._utils", "_rebuild_tensor_v2");
        pickle.tuple(
                () -> {
                    storage(path, tensor);
                    pickle.integer(0); // the first element's place in its storage
                    pickle.integers(tensor.shape().getShape());
                    pickle.integers(tensor.strides());
                    pickle.bool(part.requiresGradient());
                    pickle.global("collections", "OrderedDict"); // of backward hooks
                    pickle.tuple(() -> {});
                    pickle.reduce();
                });
        pickle.reduce();
        seen.put(tensor, pickle.remember());
    }

    private void storage(String path, StoredTensor tensor) {
        String key = storages.computeIfAbsent(tensor, one -> Integer.toString(ordered.size()));
        ordered.putIfAbsent(key, new Storage(path, tensor));
        pickle.tuple(
                () -> {
                    pickle.string("storage");
                    pickle.global("torch", tensor.type().storageClass());
                    pickle.string(key);
                    pickle.string("cpu");
                    pickle.integer(tensor.elements());
                });
        pickle.persistent();
    }
}

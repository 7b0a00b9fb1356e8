package io.github.djlblocks.parity.contract;

import ai.djl.nn.Block;
import io.github.djlblocks.parity.cases.ParityCase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the blocks of a library, so that a test can tell which of them no case builds. */
public final class BlockClasses {

    private static final String SUFFIX = ".class";

    private BlockClasses() {}

    /**
     * Returns the public classes of a library that can be made and are DJL blocks.
     *
     * @param anchor any class of the library; its folder of classes or its jar is searched
     * @return the classes, by name
     * @throws IllegalStateException if the classes do not lie in a folder or a jar
     */
    public static List<Class<? extends Block>> of(Class<?> anchor) {
        List<Class<? extends Block>> found = new ArrayList<>();
        for (String name : classNames(anchor)) {
            Class<?> candidate = load(name, anchor.getClassLoader());
            if (Block.class.isAssignableFrom(candidate) && isPublicAndConcrete(candidate)) {
                found.add(candidate.asSubclass(Block.class));
            }
        }
        found.sort(Comparator.comparing(Class::getName));
        return found;
    }

    /**
     * Returns the blocks of a library that none of the cases tests.
     *
     * @param anchor any class of the library
     * @param cases the cases; the block of a case is tested, not those inside it
     * @return what is missing, by name
     */
    public static List<Class<? extends Block>> withoutCase(
            Class<?> anchor, List<ParityCase> cases) {
        Set<Class<?>> tested = new HashSet<>();
        cases.forEach(parityCase -> tested.add(parityCase.blockClass()));
        return of(anchor).stream().filter(found -> !tested.contains(found)).toList();
    }

    private static boolean isPublicAndConcrete(Class<?> candidate) {
        boolean visible = true;
        for (Class<?> c = candidate; c != null; c = c.getEnclosingClass()) {
            visible &= Modifier.isPublic(c.getModifiers());
        }
        return visible && !Modifier.isAbstract(candidate.getModifiers());
    }

    private static List<String> classNames(Class<?> anchor) {
        try {
            URI source = anchor.getProtectionDomain().getCodeSource().getLocation().toURI();
            Path path = Path.of(source);
            if (Files.isDirectory(path)) {
                return classNames(path);
            }
            try (FileSystem jar = FileSystems.newFileSystem(path)) {
                return classNames(jar.getPath("/"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("classes beside " + anchor + " cannot be listed", e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("classes beside " + anchor + " lie nowhere", e);
        }
    }

    private static List<String> classNames(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString())
                    .filter(name -> name.endsWith(SUFFIX) && !name.contains("-info"))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .map(name -> name.replace('/', '.').replace('\\', '.'))
                    .toList();
        }
    }

    private static Class<?> load(String name, ClassLoader loader) {
        try {
            return Class.forName(name, false, loader);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("class " + name + " was listed but does not load", e);
        }
    }
}

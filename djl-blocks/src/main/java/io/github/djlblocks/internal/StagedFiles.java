package io.github.djlblocks.internal;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Files that appear in a directory together, or not at all: they are written in a folder inside it,
 * and moved when all are there.
 */
public final class StagedFiles implements AutoCloseable {

    private record Move(Path from, Path to) {}

    private final Path directory;
    private final Deque<Path> made;
    private final Path staging;
    private final Path replaced;
    private final Set<String> names = new LinkedHashSet<>();
    private boolean published;

    private StagedFiles(Path directory, Deque<Path> made, Path staging, Path replaced) {
        this.directory = directory;
        this.made = made;
        this.staging = staging;
        this.replaced = replaced;
    }

    /**
     * Starts; the directory is made if it is not there.
     *
     * @param directory where the files are to be
     * @return files of which there are none yet
     * @throws IOException if nothing can be written there
     */
    public static StagedFiles in(Path directory) throws IOException {
        Path whole = directory.toAbsolutePath();
        Deque<Path> made = new ArrayDeque<>();
        for (Path at = whole; at != null && !Files.exists(at); at = at.getParent()) {
            made.addLast(at);
        }
        Files.createDirectories(whole);
        Path staging = Files.createTempDirectory(whole, ".saving");
        Path replaced = Files.createDirectory(staging.resolve("replaced"));
        return new StagedFiles(whole, made, staging, replaced);
    }

    /**
     * Adds a file.
     *
     * @param name what it is to be called in the directory
     * @return where to write it
     */
    public Path file(String name) {
        names.add(name);
        return staging.resolve(name);
    }

    /**
     * Moves everything to its place.
     *
     * @param obsolete names of files that are to be gone afterwards
     * @throws IOException if a file cannot be moved; the directory is as before then
     */
    public void publish(Predicate<String> obsolete) throws IOException {
        Deque<Move> done = new ArrayDeque<>();
        try {
            for (String name : present(obsolete)) {
                move(new Move(directory.resolve(name), replaced.resolve(name)), done);
            }
            for (String name : names) {
                move(new Move(staging.resolve(name), directory.resolve(name)), done);
            }
            published = true;
        } finally {
            while (!published && !done.isEmpty()) {
                Move last = done.removeLast();
                Files.move(last.to(), last.from(), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private List<String> present(Predicate<String> obsolete) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> !file.equals(staging))
                    .map(file -> file.getFileName().toString())
                    .filter(name -> names.contains(name) || obsolete.test(name))
                    .sorted()
                    .toList();
        }
    }

    private static void move(Move move, Deque<Move> done) throws IOException {
        Files.move(move.from(), move.to(), StandardCopyOption.ATOMIC_MOVE);
        done.addLast(move);
    }

    /** Leaves nothing but what was published. */
    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(staging)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        while (!published && !made.isEmpty()) {
            try {
                Files.deleteIfExists(made.removeFirst());
            } catch (DirectoryNotEmptyException e) {
                // Somebody else has put something there meanwhile: it is theirs now.
                return;
            }
        }
    }
}

package dev.bgem3.app.hub;

import dev.bgem3.ModelFiles;
import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Checks whether a model is complete, from the files on disk alone. */
final class Presence {
    private Presence() {}

    /**
     * Checks that all files that a model needs exist, and that every file has the digest that the store or
     * this program knows for it.
     *
     * @throws HubException
     *             if a file is missing or wrong; the message names all of them
     */
    static void check(ModelStore store, Optional<KnownModels.Known> known, String subject) {
        Path folder = store.folder();
        if (!Files.isDirectory(folder)) {
            throw new HubException(subject + ": there is no " + folder);
        }
        List<String> faults = new ArrayList<>();
        TreeSet<String> missing = new TreeSet<>();
        known.ifPresentOrElse(
                model -> Stream.concat(Stream.of(ModelFiles.CONFIGURATION),
                        model.files().stream().map(RepoFile::path)).filter(path -> !isThere(folder, path))
                        .forEach(missing::add),
                () -> missing.addAll(missing(folder)));
        missing.forEach(path -> faults.add(path + " is missing"));
        known.ifPresent(model -> model.files().stream().filter(file -> isThere(folder, file.path()))
                .filter(file -> !file.digest().matches(folder.resolve(file.path()), file.size()))
                .forEach(file -> faults.add(file.path() + " is not that of commit " + model.commit())));
        checkDigests(store, folder, known, faults);
        if (!faults.isEmpty()) {
            throw new HubException(subject + ": incomplete in " + folder + ": " + String.join("; ", faults));
        }
    }

    private static List<String> missing(Path folder) {
        try {
            return ModelFiles.missing(folder);
        } catch (ModelException e) {
            throw new HubException(e.getMessage(), e);
        }
    }

    private static boolean isThere(Path folder, String path) {
        return Files.isRegularFile(folder.resolve(path));
    }

    private static void checkDigests(ModelStore store, Path folder, Optional<KnownModels.Known> known,
            List<String> faults) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                if (path.startsWith(".cache/") || Files.isDirectory(file)
                        || known.isPresent()
                                && known.get().files().stream().anyMatch(k -> k.path().equals(path))) {
                    continue;
                }
                if (!Files.exists(file)) {
                    faults.add(path + " is a broken link");
                } else
                    if (store.expected(path).filter(digest -> !digest.compute(file).equals(digest.hex()))
                            .isPresent()) {
                                faults.add(path + " has another digest than it was fetched with");
                            }
            }
        } catch (IOException e) {
            throw HubFiles.failure(folder, e);
        }
    }
}

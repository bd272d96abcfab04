package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The modules of a sentence-transformers model after its encoder, from {@code modules.json}.
 *
 * @param pooling
 *            the configuration of the pooling module: {@code 1_Pooling} in a folder without a list, if it is
 *            there
 * @param denseLayers
 *            the folders of the Dense modules, in their order
 */
record ModuleList(Optional<Path> pooling, List<Path> denseLayers) {
    /** A Dense module of another package, such as PyLate's, computes something else. */
    private static final String PACKAGE = "sentence_transformers.";

    /**
     * Reads the list of a folder.
     *
     * @throws ModelException
     *             if it has a module that is not computed here, or modules in an order that is not
     */
    static ModuleList read(Path folder) {
        Path file = folder.resolve(FolderLayout.MODULES);
        if (!Files.notExists(file)) {
            return ConfigFile.readArray(file, list -> of(file, list));
        }
        Path pooling = folder.resolve(FolderLayout.POOLING);
        return new ModuleList(Files.notExists(pooling) ? Optional.empty() : Optional.of(pooling), List.of());
    }

    /** Returns the files of these modules that exist. */
    List<Path> files() {
        List<Path> files = new ArrayList<>(pooling.stream().toList());
        for (Path layer : denseLayers) {
            Stream.concat(Stream.of(ModelConfig.FILE_NAME), WeightFormat.fileNames().stream())
                    .map(layer::resolve).filter(Files::isRegularFile).forEach(files::add);
        }
        return files;
    }

    private static ModuleList of(Path file, JsonArray modules) {
        List<String> names = new ArrayList<>();
        Path pooling = null;
        List<Path> denseLayers = new ArrayList<>();
        for (JsonValue element : modules.elements()) {
            String place = file + ": module " + names.size();
            if (!(element instanceof JsonObject module)) {
                throw new ModelException(place + ": " + element.describe() + " (expected: an object)");
            }
            String type = module.string("type").orElse("");
            String name = type.substring(type.lastIndexOf('.') + 1);
            Path path = FolderLayout.below(file.getParent(), module.string("path").orElse(""), place);
            switch (name) {
                case "Transformer" -> {
                    // FolderLayout has followed its path.
                }
                case "Pooling" -> pooling = module(file, path, place).resolve(ModelConfig.FILE_NAME);
                case "Dense" -> {
                    if (!type.startsWith(PACKAGE)) {
                        throw unsupported(place, type);
                    }
                    if (pooling == null || names.contains("Normalize")) {
                        throw new ModelException(place + ": Dense after " + names
                                + " (expected: after the Pooling and before the Normalize)");
                    }
                    denseLayers.add(module(file, path, place));
                }
                case "Normalize" -> {
                    // Dense vectors are normalised anyway, unless a call turns this off.
                }
                default -> throw unsupported(place, type);
            }
            names.add(name);
        }
        if (pooling == null) {
            throw new ModelException(file + ": modules: " + names + " (expected: a Pooling among them)");
        }
        return new ModuleList(Optional.of(pooling), denseLayers);
    }

    /** Returns the folder of a module, which has a configuration of its own. */
    private static Path module(Path file, Path path, String place) {
        if (path.equals(file.getParent())) {
            throw new ModelException(place + ": path: \"\" (expected: the name of a folder)");
        }
        return path;
    }

    private static ModelException unsupported(String place, String type) {
        return new ModelException(place + ": type: \"" + Messages.printable(type)
                + "\" (expected: Transformer, Pooling, Dense or Normalize, which are computed here)");
    }
}

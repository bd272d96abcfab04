package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/**
 * Where a model's files are: in one folder, or, as {@code modules.json} says, the encoder's in a folder below
 * it. Such a folder given by itself is read with the settings in the folder above it. An adapter without its
 * base model names that of another folder, whose files are read where it has none of its own.
 *
 * @param folder
 *            the folder as the caller named it
 * @param folders
 *            the folders in which files beside the weights may be, in order of preference
 * @param encoder
 *            the folder of {@code config.json} and the weights
 * @param settings
 *            the folder of {@code modules.json} and the paths in it
 * @param adapter
 *            the folder of the adapter to merge with the weights, if there is one
 */
public record FolderLayout(Path folder, List<Path> folders, Path encoder, Path settings,
        Optional<Path> adapter) {
    /** The list of a sentence-transformers model's modules. */
    public static final String MODULES = "modules.json";
    /** The end of the type of an encoder in that list. */
    public static final String ENCODER_TYPE = ".Transformer";
    /** The prompts of a model. */
    static final String PROMPTS = "config_sentence_transformers.json";
    /** The pooling module of a model without that list. */
    static final String POOLING = "1_Pooling/" + ModelConfig.FILE_NAME;

    /** Returns a layout with each folder once. */
    public FolderLayout {
        folders = List.copyOf(new LinkedHashSet<>(folders));
    }

    private FolderLayout(Path folder, Path encoder, Path settings) {
        this(folder, List.of(encoder, folder), encoder, settings, Optional.empty());
    }

    /**
     * Finds the files of a folder. It need not be a model: what it lacks is missing in the folders returned.
     *
     * @throws ModelException
     *             if {@code modules.json} cannot be read or leads outside its folder, or the base model of an
     *             adapter is not there
     */
    public static FolderLayout of(Path folder) {
        FolderLayout own = withoutAdapter(folder);
        if (!own.hasAdapter()) {
            return own;
        }
        Optional<Path> adapter = Optional.of(own.encoder);
        if (own.hasWeights()) {
            return new FolderLayout(folder, own.folders, own.encoder, own.settings, adapter);
        }
        FolderLayout base = withoutAdapter(LoraConfig.base(own.encoder, HubCache.ofProcess()));
        if (base.hasAdapter()) {
            throw new ModelException(own.encoder.resolve(LoraConfig.FILE_NAME) + ": the base model, "
                    + base.folder + ", is an adapter itself (expected: a whole model)");
        }
        List<Path> folders = new ArrayList<>(own.folders);
        folders.addAll(base.folders);
        return new FolderLayout(folder, folders, base.encoder,
                hasSettings(own.settings) ? own.settings : base.settings, adapter);
    }

    private static FolderLayout withoutAdapter(Path folder) {
        Path encoder = encoderOf(folder);
        if (!encoder.equals(folder) || hasSettings(folder)) {
            return new FolderLayout(folder, encoder, folder);
        }
        Path absolute = folder.toAbsolutePath().normalize();
        Path above = absolute.getParent();
        return above != null && isModuleOf(above, absolute)
                ? new FolderLayout(folder, folder, above)
                : new FolderLayout(folder, folder, folder);
    }

    private boolean hasAdapter() {
        return !Files.notExists(encoder.resolve(LoraConfig.FILE_NAME));
    }

    private boolean hasWeights() {
        return WeightFormat.of(name -> !Files.notExists(encoder.resolve(name))).isPresent();
    }

    /**
     * Returns whether a folder has an adapter without its base model, whether that is elsewhere or not.
     *
     * @throws ModelException
     *             if {@code modules.json} cannot be read or leads outside its folder
     */
    public static boolean isAdapterAlone(Path folder) {
        FolderLayout own = withoutAdapter(folder);
        return own.hasAdapter() && !own.hasWeights();
    }

    private static boolean isModuleOf(Path above, Path folder) {
        try {
            return encoderOf(above).equals(folder);
        } catch (ModelException _) {
            return false; // Some other program's file.
        }
    }

    private static boolean hasSettings(Path folder) {
        return !Files.notExists(folder.resolve(MODULES)) || !Files.notExists(folder.resolve(POOLING))
                || !Files.notExists(folder.resolve(PROMPTS));
    }

    /** Returns the folder that {@code modules.json} names for the encoder, else the folder itself. */
    private static Path encoderOf(Path folder) {
        Path file = folder.resolve(MODULES);
        if (Files.notExists(file)) {
            return folder;
        }
        return ConfigFile.readArray(file, list -> {
            List<JsonValue> modules = list.elements();
            for (int i = 0; i < modules.size(); i++) {
                if (modules.get(i) instanceof JsonObject module
                        && module.string("type").orElse("").endsWith(ENCODER_TYPE)) {
                    return below(folder, module.string("path").orElse(""), file + ": module " + i);
                }
            }
            return folder;
        });
    }

    /**
     * Returns the folder that a module's path names.
     *
     * @throws ModelException
     *             if it leads outside the model's folder
     */
    static Path below(Path folder, String path, String place) {
        Path below = folder;
        for (String name : path.split("/")) {
            if (path.startsWith("/") || name.equals("..")
                    || !name.chars().allMatch(c -> c >= ' ' && c < 0x7f && c != '\\' && c != ':')) {
                throw new ModelException(place + ": path: \"" + Messages.printable(path)
                        + "\" (expected: a folder in that of " + MODULES + ")");
            }
            if (!name.isEmpty() && !name.equals(".")) {
                below = below.resolve(name);
            }
        }
        return below;
    }

    /** Returns the first file that exists with one of these names, which are in order of preference. */
    public Optional<Path> find(List<String> names) {
        // If the access check fails, the file may still exist; opening it then throws with the reason.
        return folders.stream().flatMap(in -> names.stream().map(in::resolve))
                .filter(file -> !Files.notExists(file)).findFirst();
    }

    /** Returns the folder that has one of these files, or the encoder's if none has. */
    public Path folderOf(List<String> names) {
        return find(names).map(Path::getParent).orElse(encoder);
    }

    /** Returns a file's path below the folder, or its name if it is elsewhere. */
    String nameOf(Path file) {
        return file.startsWith(folder)
                ? folder.relativize(file).toString().replace('\\', '/')
                : file.getFileName().toString();
    }

    /** Returns whether the folder has a configuration and weights, whatever else it lacks. */
    public boolean isComplete() {
        return Files.isRegularFile(encoder.resolve(ModelConfig.FILE_NAME))
                && WeightFormat.fileNames().stream()
                        .anyMatch(name -> Files.isRegularFile(encoder.resolve(name)));
    }
}

package dev.bgem3;

import dev.bgem3.engine.ModelTokenizer;
import dev.bgem3.error.ModelException;
import dev.bgem3.model.FolderLayout;
import dev.bgem3.model.HeadTensors;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.OtherFiles;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lists the files of a model, for programs that fetch, copy or check them. Names are relative to the model's
 * folder and use slashes.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="files"}
 */
public final class ModelFiles {
    /**
     * The configuration. A program that fills a folder should write it last, because a folder without it is
     * not a model.
     */
    public static final String CONFIGURATION = ModelConfig.FILE_NAME;
    private static final String TOKENIZER = String.join(" or ", Tokenizer.FILE_NAMES);
    private static final Set<String> BESIDE_WEIGHTS = Stream.of(List.of(CONFIGURATION),
            HeadTensors.FILE_NAMES, Tokenizer.FILE_NAMES, ModelFolder.ADAPTER_FILES,
            List.of("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
            SentenceTransformersFiles.FILE_NAMES).flatMap(List::stream).collect(Collectors.toSet());
    /** The folder of a sentence-transformers module, such as {@code 1_Pooling/}. */
    private static final Pattern MODULE = Pattern.compile("(\\d+_[A-Za-z]+/)[^/]+");

    private ModelFiles() {}

    /**
     * Chooses the files of a repository that make up the model: those that {@code load} reads, with weights
     * in only one format, and those that the Python libraries also need.
     *
     * @return the chosen names in the order of {@code names}
     * @throws ModelException
     *             if they are neither a model nor an adapter: there is no configuration, or no weights or
     *             tokenizer that can be read
     */
    public static List<String> choose(Collection<String> names) {
        Set<String> all = Set.copyOf(names);
        String encoder = folders(all).stream()
                .filter(folder -> all.contains(folder + CONFIGURATION) && weights(all, folder).isPresent())
                .findFirst().orElse("");
        boolean adapter = all.contains(ModelFolder.ADAPTER_FILES.getFirst());
        if (weights(all, encoder).isEmpty() && !adapter) {
            throw new ModelException("no weights in it that can be read (expected: "
                    + String.join(", ", WeightFormat.fileNames()) + ")" + OtherFiles.found(all));
        }
        if (!all.contains(encoder + CONFIGURATION) && !adapter) {
            throw new ModelException("no " + CONFIGURATION + " in it, so it is not a model");
        }
        if (Tokenizer.FILE_NAMES.stream().noneMatch(name -> all.contains(encoder + name)) && !adapter) {
            throw new ModelException("no tokenizer in it that can be read (expected: " + TOKENIZER + ")");
        }
        return names.stream().filter(name -> isChosen(name, encoder, all)).toList();
    }

    /** Returns the model's own folder, then those of modules, each with a slash at its end. */
    private static List<String> folders(Set<String> names) {
        return Stream.concat(Stream.of(""), names.stream().map(MODULE::matcher).filter(Matcher::matches)
                .map(module -> module.group(1)).sorted()).distinct().toList();
    }

    private static Optional<WeightFormat> weights(Set<String> names, String folder) {
        return WeightFormat.of(name -> names.contains(folder + name));
    }

    private static boolean isChosen(String name, String encoder, Set<String> all) {
        String folder = name.substring(0, name.lastIndexOf('/') + 1);
        String file = name.substring(folder.length());
        boolean module = MODULE.matcher(name).matches();
        boolean holdsWeights = folder.equals(encoder) || module;
        return BESIDE_WEIGHTS.contains(name) || module && file.equals(CONFIGURATION)
                || folder.equals(encoder) && BESIDE_WEIGHTS.contains(file)
                || holdsWeights && weights(all, folder).filter(format -> format.includes(file)).isPresent();
    }

    /**
     * Returns the files that a folder lacks to be a model, including the shards that an index of weights
     * lists. Reads no file except the index.
     *
     * @return names of files, two joined by {@code or} where either would do; empty if the folder is complete
     * @throws ModelException
     *             if the index of the weights cannot be read
     */
    public static List<String> missing(Path folder) {
        if (FolderLayout.isAdapterAlone(folder)) {
            return List.of(); // Its base model is another one.
        }
        FolderLayout layout = FolderLayout.of(folder);
        List<String> missing = new ArrayList<>();
        if (layout.find(Tokenizer.FILE_NAMES).filter(Files::isRegularFile).isEmpty()) {
            missing.add(TOKENIZER);
        }
        String encoder = layout.encoder().equals(folder)
                ? ""
                : folder.relativize(layout.encoder()).toString().replace('\\', '/') + "/";
        WeightFormat weights = WeightFormat.of(name -> isFile(layout.encoder(), name))
                .orElse(WeightFormat.SAFETENSORS);
        Stream.concat(Stream.of(CONFIGURATION), weights.fileNamesIn(layout.encoder()).stream())
                .filter(name -> !isFile(layout.encoder(), name)).map(encoder::concat).forEach(missing::add);
        return missing;
    }

    /**
     * Loads the tokenizer of a model folder, with the settings that the model has for it: that texts are
     * converted to lower case first, say. The other files of the model need not be there.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="tokenizer"}
     *
     * @throws ModelException
     *             if the settings cannot be read
     * @throws dev.bgem3.tokenizer.TokenizerException
     *             if there is no tokenizer, or it cannot be read or is not a supported kind
     */
    public static Tokenizer loadTokenizer(Path folder) {
        return ModelTokenizer.load(Objects.requireNonNull(folder, "folder"));
    }

    private static boolean isFile(Path folder, String name) {
        return Files.isRegularFile(folder.resolve(name));
    }
}

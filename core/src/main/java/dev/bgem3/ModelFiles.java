package dev.bgem3;

import dev.bgem3.error.ModelException;
import dev.bgem3.model.HeadTensors;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
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
            HeadTensors.FILE_NAMES, Tokenizer.FILE_NAMES,
            List.of("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
            SentenceTransformersFiles.FILE_NAMES).flatMap(List::stream).collect(Collectors.toSet());
    /** The configuration of a sentence-transformers module, such as {@code 1_Pooling/config.json}. */
    private static final Pattern MODULE = Pattern.compile("\\d_[A-Za-z]+/config\\.json");

    private ModelFiles() {}

    /**
     * Chooses the files of a repository that make up the model: those that {@code load} reads, with weights
     * in only one format, and those that the Python libraries also need.
     *
     * @return the chosen names in the order of {@code names}
     * @throws ModelException
     *             if they are not a model: there is no configuration, or no weights or tokenizer that can be
     *             read
     */
    public static List<String> choose(Collection<String> names) {
        WeightFormat weights = WeightFormat.of(names::contains).orElseThrow(() -> new ModelException(
                "no weights in it that can be read (expected: "
                        + String.join(", ", WeightFormat.fileNames()) + ")"));
        if (!names.contains(CONFIGURATION)) {
            throw new ModelException("no " + CONFIGURATION + " in it, so it is not a model");
        }
        if (Tokenizer.FILE_NAMES.stream().noneMatch(names::contains)) {
            throw new ModelException("no tokenizer in it that can be read (expected: " + TOKENIZER + ")");
        }
        return names.stream().filter(name -> weights.includes(name) || BESIDE_WEIGHTS.contains(name)
                || MODULE.matcher(name).matches()).toList();
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
        List<String> missing = new ArrayList<>();
        if (Tokenizer.FILE_NAMES.stream().noneMatch(name -> isFile(folder, name))) {
            missing.add(TOKENIZER);
        }
        WeightFormat weights = WeightFormat.of(name -> isFile(folder, name))
                .orElse(WeightFormat.SAFETENSORS);
        Stream.concat(Stream.of(CONFIGURATION), weights.fileNamesIn(folder).stream())
                .filter(name -> !isFile(folder, name)).forEach(missing::add);
        return missing;
    }

    private static boolean isFile(Path folder, String name) {
        return Files.isRegularFile(folder.resolve(name));
    }
}

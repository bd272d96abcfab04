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
 * Which files make a model, for programs that fetch, copy or check them. Names are relative to the model's
 * folder, with slashes.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="files"}
 */
public final class ModelFiles {
    /** The configuration. A program that fills a folder writes it last: without it nothing is a model. */
    public static final String CONFIGURATION = ModelConfig.FILE_NAME;
    private static final String TOKENIZER = String.join(" or ", Tokenizer.FILE_NAMES);
    private static final Set<String> BESIDE_WEIGHTS = Stream.of(List.of(CONFIGURATION),
            HeadTensors.FILE_NAMES, Tokenizer.FILE_NAMES,
            List.of("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
            SentenceTransformersFiles.FILE_NAMES).flatMap(List::stream).collect(Collectors.toSet());
    /** Of the modules of sentence-transformers: {@code 1_Pooling/config.json}. */
    private static final Pattern MODULE = Pattern.compile("\\d_[A-Za-z]+/config\\.json");

    private ModelFiles() {}

    /**
     * Those of a repository's files that make the model: what {@code load} reads, with weights in one format
     * alone, and what its Python kin need beside it.
     *
     * @return in the order of {@code names}
     * @throws ModelException
     *             where they make none: no configuration, weights or tokenizer that could be read
     */
    public static List<String> choose(Collection<String> names) {
        WeightFormat weights = WeightFormat.of(names::contains).orElseThrow(() -> new ModelException(
                "no weights in it that can be read (expected: "
                        + String.join(", ", WeightFormat.fileNames()) + ")"));
        if (!names.contains(CONFIGURATION)) {
            throw new ModelException("no " + CONFIGURATION + " in it, so it is no model");
        }
        if (Tokenizer.FILE_NAMES.stream().noneMatch(names::contains)) {
            throw new ModelException("no tokenizer in it that can be read (expected: " + TOKENIZER + ")");
        }
        return names.stream().filter(name -> weights.includes(name) || BESIDE_WEIGHTS.contains(name)
                || MODULE.matcher(name).matches()).toList();
    }

    /**
     * What a folder lacks to be a model, the shards that an index of weights lists included; empty where it
     * is whole. Nothing but the index is read.
     *
     * @return names of files, two with {@code or} between them where either would do
     * @throws ModelException
     *             where the index of the weights cannot be read
     */
    public static List<String> missing(Path folder) {
        List<String> missing = new ArrayList<>();
        if (Tokenizer.FILE_NAMES.stream().noneMatch(name -> isThere(folder, name))) {
            missing.add(TOKENIZER);
        }
        WeightFormat weights = WeightFormat.of(name -> isThere(folder, name))
                .orElse(WeightFormat.SAFETENSORS);
        Stream.concat(Stream.of(CONFIGURATION), weights.fileNamesIn(folder).stream())
                .filter(name -> !isThere(folder, name)).forEach(missing::add);
        return missing;
    }

    private static boolean isThere(Path folder, String name) {
        return Files.isRegularFile(folder.resolve(name));
    }
}

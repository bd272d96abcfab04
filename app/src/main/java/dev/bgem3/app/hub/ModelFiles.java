package dev.bgem3.app.hub;

import dev.bgem3.model.HeadTensors;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which files of a repository make a model: what {@code BgeM3.load} reads, and what its Python kin need
 * beside it.
 */
final class ModelFiles {
    static final String CONFIG = ModelConfig.FILE_NAME;
    static final String WEIGHTS = WeightFormat.SAFETENSORS.fileName();
    static final String WEIGHTS_INDEX = WeightFormat.SAFETENSORS_INDEX.fileName();
    static final String TORCH_WEIGHTS = WeightFormat.TORCH.fileName();
    /** What a shard of the weights is called. */
    static final String SHARD = "model-\\d{5}-of-\\d{5}\\.safetensors";
    private static final Pattern SHARD_NAME = Pattern.compile(SHARD);
    private static final Set<String> BESIDE = Stream.of(List.of(CONFIG), HeadTensors.FILE_NAMES,
            Tokenizer.FILE_NAMES,
            List.of("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
            SentenceTransformersFiles.FILE_NAMES).flatMap(List::stream).collect(Collectors.toSet());
    /** Of the modules of sentence-transformers: {@code 1_Pooling/config.json}. */
    private static final Pattern MODULE = Pattern.compile("\\d_[A-Za-z]+/config\\.json");
    private static final int MAX_NAMED = 6;

    private ModelFiles() {}

    /**
     * The files that make the model.
     *
     * @throws HubException
     *             where they make none: no configuration, weights or tokenizer that could be read
     */
    static List<HubListing.Entry> choose(List<HubListing.Entry> all, String source) {
        Set<String> paths = all.stream().map(HubListing.Entry::path).collect(Collectors.toSet());
        Predicate<String> weights = weights(paths, source);
        if (!paths.contains(CONFIG)) {
            throw new HubException(source + ": no " + CONFIG + " in it, so it is no model");
        }
        if (Tokenizer.FILE_NAMES.stream().noneMatch(paths::contains)) {
            throw new HubException(source
                    + ": no tokenizer in it that can be read (expected: "
                    + String.join(" or ", Tokenizer.FILE_NAMES) + ")");
        }
        return all.stream().filter(entry -> weights.test(entry.path()) || BESIDE.contains(entry.path())
                || MODULE.matcher(entry.path()).matches()).toList();
    }

    private static Predicate<String> weights(Set<String> paths, String source) {
        if (paths.contains(WEIGHTS)) {
            return WEIGHTS::equals;
        }
        if (paths.contains(WEIGHTS_INDEX)) {
            return path -> path.equals(WEIGHTS_INDEX) || SHARD_NAME.matcher(path).matches();
        }
        if (paths.contains(TORCH_WEIGHTS)) {
            return TORCH_WEIGHTS::equals;
        }
        throw new HubException(source + ": no weights in it that can be read (expected: " + WEIGHTS
                + ", shards with their index, or " + TORCH_WEIGHTS + ")");
    }

    /** What was left out, a folder at a time, for a person: {@code onnx/ (7 files, 2.27 GB), README.md}. */
    static String leftOut(List<HubListing.Entry> all, List<HubListing.Entry> chosen) {
        Map<String, List<HubListing.Entry>> groups = all.stream().filter(entry -> !chosen.contains(entry))
                .collect(Collectors.groupingBy(entry -> entry.path().replaceFirst("/.*", "/"), TreeMap::new,
                        Collectors.toList()));
        List<String> words = new ArrayList<>();
        groups.forEach((name, files) -> {
            long bytes = files.stream().mapToLong(file -> file.size().orElse(0)).sum();
            String count = name.endsWith("/")
                    ? (files.size() == 1 ? "1 file, " : files.size() + " files, ")
                    : "";
            words.add(HubFiles.printable(name) + (bytes == 0 && count.isEmpty()
                    ? ""
                    : " (" + count + HubFiles.size(bytes) + ")"));
        });
        if (words.size() <= MAX_NAMED) {
            return String.join(", ", words);
        }
        return String.join(", ", words.subList(0, MAX_NAMED)) + " and " + (words.size() - MAX_NAMED)
                + " more";
    }
}

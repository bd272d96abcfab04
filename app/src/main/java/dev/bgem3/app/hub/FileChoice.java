package dev.bgem3.app.hub;

import dev.bgem3.ModelFiles;
import dev.bgem3.error.ModelException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Chooses which files of a repository are downloaded. */
final class FileChoice {
    private static final int MAX_NAMED = 6;

    private FileChoice() {}

    /**
     * Returns the files that the model consists of.
     *
     * @throws HubException
     *             if they are no model: the configuration, the weights or the tokenizer is missing or
     *             unsupported
     */
    static List<HubListing.Entry> choose(List<HubListing.Entry> all, String source) {
        try {
            Set<String> chosen = new HashSet<>(
                    ModelFiles.choose(all.stream().map(HubListing.Entry::path).collect(Collectors.toSet())));
            return all.stream().filter(entry -> chosen.contains(entry.path())).toList();
        } catch (ModelException e) {
            throw new HubException(source + ": " + e.getMessage(), e);
        }
    }

    /** Lists the files that were left out, grouped by folder: {@code onnx/ (7 files, 2.27 GB), README.md}. */
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

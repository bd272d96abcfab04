package dev.bgem3.bench;

import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Queries and the passages that answer them.
 *
 * @param passages
 *            the passages, each text once
 * @param relevant
 *            for each query, the index of its passage
 */
record Pairs(List<String> queries, List<String> passages, int[] relevant) {
    /**
     * Reads the first {@code most} lines of a file, each of which is a JSON object with {@code query} and
     * {@code passage}.
     */
    static Pairs read(Path file, int most) {
        List<String> queries = new ArrayList<>();
        Map<String, Integer> passages = new LinkedHashMap<>();
        List<Integer> relevant = new ArrayList<>();
        try (Stream<String> lines = Files.lines(file)) {
            lines.limit(most).forEach(line -> {
                JsonObject pair = (JsonObject) Json.parse(line.getBytes(StandardCharsets.UTF_8));
                queries.add(pair.string("query").orElseThrow());
                String passage = pair.string("passage").orElseThrow();
                Integer known = passages.putIfAbsent(passage, passages.size());
                relevant.add(known == null ? passages.size() - 1 : known);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Pairs(queries, List.copyOf(passages.keySet()),
                relevant.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Returns the queries, followed by the passages. */
    List<String> texts() {
        return Stream.concat(queries.stream(), passages.stream()).toList();
    }

    /** Returns how well queries retrieve their passages, given the outputs of {@link #texts()}. */
    Retrieval retrieval(List<Outputs> outputs) {
        return Retrieval.of(outputs.subList(0, queries.size()),
                outputs.subList(queries.size(), outputs.size()), relevant);
    }
}

package dev.bgem3.examples;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Searches the lines of a text file by their dense vectors, which it keeps in memory:
 * {@code SearchInMemory MODEL FILE QUERY}.
 */
public class SearchInMemory {
    private static final int SHOWN = 3;

    private record Passage(String text, Embedding vectors) {}

    private record Hit(String text, float score) {}

    /** Prints the best lines with their scores. */
    public static void main(String[] arguments) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(arguments[1])).stream()
                .filter(line -> !line.isBlank()).toList();
        try (BgeM3 model = BgeM3.load(Path.of(arguments[0]))) {
            List<Embedding> vectors = model.encodeCorpus(lines);
            List<Passage> passages = IntStream.range(0, lines.size())
                    .mapToObj(i -> new Passage(lines.get(i), vectors.get(i))).toList();

            Embedding query = model.encodeQuery(arguments[2]);
            passages.stream()
                    // Vectors have length 1, so the dot product is the cosine.
                    .map(passage -> new Hit(passage.text(), query.dense().dot(passage.vectors().dense())))
                    .sorted(Comparator.comparingDouble(Hit::score).reversed()).limit(SHOWN)
                    .forEach(hit -> System.out.printf(Locale.ROOT, "%.3f %s%n", hit.score(), hit.text()));
        }
    }
}

package dev.bgem3.examples;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Scores passages by all three outputs and their weighted sum: {@code HybridScores MODEL QUERY PASSAGE…}.
 */
public class HybridScores {
    private static final EncodeOptions ALL = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);
    /** Those of BGE-M3's tutorial. */
    private static final ScoreWeights WEIGHTS = new ScoreWeights(0.4, 0.2, 0.4);

    /** Prints a line a passage. */
    public static void main(String[] arguments) {
        List<String> passages = Arrays.asList(arguments).subList(2, arguments.length);
        try (BgeM3 model = BgeM3.load(Path.of(arguments[0]))) {
            Embedding query = model.encodeQuery(arguments[1], ALL);
            List<Embedding> vectors = model.encodeCorpus(passages, ALL);
            System.out.println("dense sparse colbert all   passage");
            for (int i = 0; i < passages.size(); i++) {
                PairScores scores = query.score(vectors.get(i), WEIGHTS);
                System.out.printf(Locale.ROOT, "%.3f %.3f  %.3f   %.3f %s%n", scores.dense(), scores.sparse(),
                        scores.colbert(), scores.colbertSparseDense(), passages.get(i));
            }
        }
    }
}

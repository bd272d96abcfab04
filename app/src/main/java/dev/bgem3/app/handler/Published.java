package dev.bgem3.app.handler;

import dev.bgem3.ModelInfo;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The tutorial of BGE-M3's model card (huggingface.co/BAAI/bge-m3, "Usage"): its four sentences and their
 * published figures. The figures are text, since the number of digits tells how they were rounded.
 */
final class Published {
    private static final double HALF_PRECISION = 2e-3;
    static final List<String> QUERIES = List.of("What is BGE M3?", "Defination of BM25");
    static final List<String> PASSAGES = List.of(
            """
                    BGE M3 is an embedding model supporting dense retrieval, lexical matching and \
                    multi-vector interaction.""",
            """
                    BM25 is a bag-of-words retrieval function that ranks a set of documents based on the \
                    query terms appearing in each document""");

    /** The token ids of the first query. */
    static final String QUERY_IDS = "0 4865 83 335 11679 276 363 32 2";
    /** {@code [query][passage]}. */
    static final String[][] DENSE = {{"0.6265", "0.3477"}, {"0.3499", "0.678"}};
    /** The lexical score of the first query with the first passage. */
    static final String LEXICAL_QUERY_PASSAGE = "0.19554901123046875";
    /** The lexical score of the first query with the second query. */
    static final String LEXICAL_QUERY_QUERY = "0.0";
    static final List<SequencedMap<String, String>> QUERY_WEIGHTS = List.of(
            weights("What", "0.08356", "is", "0.0814", "B", "0.1296", "GE", "0.252", "M", "0.1702", "3",
                    "0.2695", "?",
                    "0.04092"),
            weights("De", "0.05005", "fin", "0.1368", "ation", "0.04498", "of", "0.0633", "BM", "0.2515",
                    "25",
                    "0.3335"));
    /** The ColBERT scores of the first query with each passage. */
    static final String[] COLBERT = {"0.7797", "0.4620"};

    static final ScoreWeights WEIGHTS = new ScoreWeights(0.4, 0.2, 0.4);
    /** Each query with each passage. */
    static final List<TextPair> PAIRS = QUERIES.stream()
            .flatMap(query -> PASSAGES.stream().map(passage -> new TextPair(query, passage))).toList();
    static final List<String> SCORE_NAMES = List.of("dense", "sparse", "colbert", "sparse+dense",
            "colbert+sparse+dense");
    /** {@code [name of SCORE_NAMES][pair of PAIRS]}. */
    static final String[][] SCORES = {
            {"0.6259765625", "0.347412109375", "0.349853515625", "0.67822265625"},
            {"0.195556640625", "0.00879669189453125", "0.0", "0.1802978515625"},
            {"0.7796499729156494", "0.4621465802192688", "0.4523794651031494", "0.7898575067520142"},
            {"0.482503205537796", "0.23454029858112335", "0.2332356721162796", "0.5122477412223816"},
            {"0.6013619303703308", "0.3255828022956848", "0.32089319825172424", "0.6232916116714478"}};

    private Published() {}

    /**
     * Returns the allowed difference from a published figure: the error of fp16, in which the authors
     * computed, against fp32, plus half a unit in the last digit. A zero was not rounded: it means that no
     * shared token has a weight.
     */
    static double allowed(BigDecimal published) {
        return HALF_PRECISION + (published.signum() == 0 ? 0 : 0.5 * Math.pow(10, -published.scale()));
    }

    /** Returns whether a model has the sizes of the model that the figures were published for. */
    static boolean isFor(ModelInfo info) {
        return info.hiddenSize() == 1024 && info.layerCount() == 24 && info.vocabSize() == 250_002;
    }

    private static SequencedMap<String, String> weights(String... tokensAndWeights) {
        SequencedMap<String, String> weights = new LinkedHashMap<>();
        for (int i = 0; i < tokensAndWeights.length; i += 2) {
            weights.put(tokensAndWeights[i], tokensAndWeights[i + 1]);
        }
        return weights;
    }
}

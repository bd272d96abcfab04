package dev.bgem3.engine;

import dev.bgem3.model.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Texts that are computed together.
 *
 * @param texts
 *            the texts
 * @param places
 *            the index of each text in its call
 */
record Batch(List<TokenizedText> texts, List<Integer> places) {
    /**
     * Divides a call's texts, the longest first, into batches. A batch has as many texts as fit into the
     * token budget, or one longer text.
     */
    static List<Batch> cut(List<TokenizedText> texts, int tokenBudget) {
        Integer[] longestFirst = IntStream.range(0, texts.size()).boxed().toArray(Integer[]::new);
        Arrays.sort(longestFirst, Comparator.comparingInt(i -> -texts.get(i).tokenIds().length));
        List<Batch> batches = new ArrayList<>();
        int from = 0;
        while (from < longestFirst.length) {
            int to = from;
            long tokens = 0;
            while (to < longestFirst.length
                    && (to == from
                            || tokens + texts.get(longestFirst[to]).tokenIds().length <= tokenBudget)) {
                tokens += texts.get(longestFirst[to++]).tokenIds().length;
            }
            List<Integer> places = List.of(Arrays.copyOfRange(longestFirst, from, to));
            batches.add(new Batch(places.stream().map(texts::get).toList(), places));
            from = to;
        }
        return batches;
    }

    /** Splits a batch of at least two texts into two. */
    List<Batch> halves() {
        int half = texts.size() / 2;
        return List.of(new Batch(texts.subList(0, half), places.subList(0, half)),
                new Batch(texts.subList(half, texts.size()), places.subList(half, texts.size())));
    }

    long tokenCount() {
        return texts.stream().mapToLong(text -> text.tokenIds().length).sum();
    }

    TokenBatch tokens() {
        return TokenBatch.of(texts.stream().map(TokenizedText::tokenIds).toList());
    }
}

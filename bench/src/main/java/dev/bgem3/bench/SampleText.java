package dev.bgem3.bench;

import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Generates reproducible text in all of a vocabulary's languages and scripts at once. It draws the
 * vocabulary's pieces by Zipf's law over their rank, because SentencePiece stores them by descending
 * frequency; so words repeat about as often as in real text.
 */
final class SampleText {
    private static final String WORD_MARK = "▁";

    private final Tokenizer tokenizer;
    /** The ids that are not special, the most frequent first. */
    private final int[] ids;
    private final SplittableRandom random;

    SampleText(Tokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
        int[] special = tokenizer.specialIds();
        ids = IntStream.range(0, tokenizer.vocabSize()).filter(id -> Arrays.binarySearch(special, id) < 0)
                .toArray();
        random = new SplittableRandom(seed);
    }

    /** Returns a text of {@code pieces} pieces, with one space between words and none at its ends. */
    String next(int pieces) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < pieces; i++) {
            text.append(piece().replace(WORD_MARK, " "));
        }
        return text.toString().strip();
    }

    private String piece() {
        while (true) {
            int rank = (int) Math.pow(ids.length, random.nextDouble()); // P(rank) is about 1/rank.
            String piece = tokenizer.piece(ids[Math.min(rank, ids.length) - 1]);
            if (!piece.equals(WORD_MARK)) {
                return piece;
            }
        }
    }
}

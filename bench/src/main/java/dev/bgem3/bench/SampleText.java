package dev.bgem3.bench;

import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Endless repeatable text in all of a vocabulary's languages and scripts at once: its pieces, drawn with
 * Zipf's law over their rank, as SentencePiece stores them by falling frequency. Words come again as often as
 * in real text, and no oftener.
 */
final class SampleText {
    private static final String WORD_MARK = "▁";

    private final Tokenizer tokenizer;
    /** Those that are not special, the most frequent first. */
    private final int[] ids;
    private final SplittableRandom random;

    SampleText(Tokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
        int[] special = tokenizer.specialIds();
        ids = IntStream.range(0, tokenizer.vocabSize()).filter(id -> Arrays.binarySearch(special, id) < 0)
                .toArray();
        random = new SplittableRandom(seed);
    }

    /** The next text, {@code pieces} pieces long, with one space between words and none at its ends. */
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

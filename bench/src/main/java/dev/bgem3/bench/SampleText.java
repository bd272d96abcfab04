package dev.bgem3.bench;

import dev.bgem3.tokenizer.XlmRobertaTokenizer;
import java.util.SplittableRandom;

/**
 * Endless repeatable text in all of a vocabulary's languages and scripts at once: its pieces, drawn with Zipf's law over
 * their rank, as SentencePiece stores them by falling frequency. Words come again as often as in real text, and no oftener.
 */
final class SampleText {
    private static final String WORD_MARK = "▁";
    /** The ids below are special, and the last is {@code <mask>}. */
    private static final int FIRST_ID = 4;

    private final XlmRobertaTokenizer tokenizer;
    private final SplittableRandom random;

    SampleText(XlmRobertaTokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
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
        int ranks = tokenizer.vocabSize() - 1 - FIRST_ID;
        while (true) {
            int rank = (int) Math.pow(ranks, random.nextDouble()); // P(rank) is about 1/rank.
            String piece = tokenizer.piece(FIRST_ID + Math.min(rank, ranks) - 1);
            if (!piece.equals(WORD_MARK)) {
                return piece;
            }
        }
    }
}

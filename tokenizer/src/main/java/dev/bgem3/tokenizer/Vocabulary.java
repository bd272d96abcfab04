package dev.bgem3.tokenizer;

import dev.bgem3.text.Messages;
import java.util.Arrays;
import java.util.List;

/**
 * The pieces of a unigram model: the text and score of each id, and a trie to find them. Appears immutable;
 * scores are computed lazily.
 */
final class Vocabulary {
    /** How much less an unknown character scores than the worst piece (SentencePiece's kUnkPenalty). */
    private static final double UNKNOWN_PENALTY = 10;
    /** Bounds the search at each position; pieces of real vocabularies are far shorter. */
    static final int MAX_PIECE_CHARS = 512;
    static final int MAX_PIECES = 1 << 22;

    private final char[] text;
    private final int[] starts; // of all pieces, followed by the end of the last one
    private final int size;
    /** NaN if the score is still to be computed from {@link #floatScores}. */
    private final double[] scores;
    private final float[] floatScores;
    final PieceTrie trie;
    /** The score of an unknown character. */
    final double unknownScore;
    /** Added tokens that are not in the model; their ids follow those of the model. */
    private final List<String> beyondModel;

    private Vocabulary(Builder builder) {
        size = builder.size;
        text = builder.text;
        starts = builder.starts;
        scores = builder.scores;
        floatScores = builder.floatScores;
        unknownScore = lowestScore() - UNKNOWN_PENALTY;
        beyondModel = List.of();
        try {
            trie = new PieceTrie(text, starts, size);
        } catch (PieceTrie.DuplicateStringException e) {
            throw builder.file.error("piece " + e.second + ": \"" + Messages.shown(piece(e.second))
                    + "\" again (expected: each once; it is also piece "
                    + e.first + ")");
        } catch (PieceTrie.TooManyNodesException e) {
            throw builder.file
                    .error(size + " pieces with more than " + PieceTrie.MAX_NODES + " different beginnings");
        }
    }

    private Vocabulary(Vocabulary model, List<String> beyondModel) {
        text = model.text;
        starts = model.starts;
        size = model.size;
        scores = model.scores;
        floatScores = model.floatScores;
        trie = model.trie;
        unknownScore = model.unknownScore;
        this.beyondModel = List.copyOf(beyondModel);
    }

    private double lowestScore() {
        double lowest = Double.POSITIVE_INFINITY;
        float lowestFloat = Float.POSITIVE_INFINITY;
        for (int id = 0; id < size; id++) {
            if (Double.isNaN(scores[id])) {
                lowestFloat = Math.min(lowestFloat, floatScores[id]);
            } else {
                lowest = Math.min(lowest, scores[id]);
            }
        }
        // The conversion changes a number by far less than the distance between two floats, so that it keeps
        // their order.
        return lowestFloat == Float.POSITIVE_INFINITY
                ? lowest
                : Math.min(lowest, DecimalNumber.throughDecimal(lowestFloat));
    }

    /** Returns the score of a piece. */
    double score(int id) {
        double score = scores[id];
        return Double.isNaN(score) ? scoreOfFloat(id) : score;
    }

    /** Returns the score that {@code tokenizer.json} would give, so that both files yield the same ids. */
    private double scoreOfFloat(int id) {
        double score = DecimalNumber.throughDecimal(floatScores[id]);
        // Threads that race here store the same number, and a 64-bit JVM writes a double atomically.
        scores[id] = score;
        return score;
    }

    /** Returns this vocabulary followed by tokens that only the search for added tokens finds. */
    Vocabulary with(List<String> tokens) {
        return new Vocabulary(this, tokens);
    }

    int size() {
        return size + beyondModel.size();
    }

    String piece(int id) {
        return id < size
                ? new String(text, starts[id], starts[id + 1] - starts[id])
                : beyondModel.get(id - size);
    }

    /** Returns the id of a piece, or {@link PieceTrie#NONE}. */
    int find(String piece) {
        int id = trie.find(piece);
        int beyond = id == PieceTrie.NONE ? beyondModel.indexOf(piece) : -1;
        return beyond < 0 ? id : size + beyond;
    }

    /** Returns the id of a piece that the file must contain. */
    int required(SourceFile file, String piece) {
        int id = find(piece);
        if (id == PieceTrie.NONE) {
            throw file.error("no piece " + piece
                    + " (expected: XLM-RoBERTa's special pieces <s>, <pad>, </s>, <unk> and <mask>)");
        }
        return id;
    }

    /** Collects pieces in the order of their ids. */
    static final class Builder {
        private static final int EXPECTED_PIECE_CHARS = 6;

        private final SourceFile file;
        private char[] text;
        private int length;
        private int[] starts;
        private double[] scores;
        private float[] floatScores = {};
        private int size;

        /** Reserves room for {@code expectedPieces}; there may be more. */
        Builder(SourceFile file, int expectedPieces) {
            this.file = file;
            int pieces = expectedPieces + 16;
            text = new char[Math.max(pieces * EXPECTED_PIECE_CHARS, MAX_PIECE_CHARS)];
            starts = new int[pieces];
            scores = new double[pieces];
        }

        int size() {
            return size;
        }

        /** Adds the piece {@code chars[0, pieceLength)}, which must be well-formed UTF-16. */
        void add(char[] chars, int pieceLength, double score) {
            if (pieceLength == 0) {
                throw file.error(
                        "piece " + size + ": empty (expected: 1 to " + MAX_PIECE_CHARS + " characters)");
            }
            if (pieceLength > MAX_PIECE_CHARS) {
                throw file.error(
                        "piece " + size + ": " + pieceLength + " characters (expected: 1 to "
                                + MAX_PIECE_CHARS + ")");
            }
            if (!Double.isFinite(score)) {
                throw file.error("piece " + size + ": score " + score + " (expected: a finite number)");
            }
            append(chars, pieceLength, score);
        }

        /**
         * Adds a piece whose score {@link DecimalNumber#throughDecimal} converts when it is first used.
         * Converting all scores would take as long as the rest of loading.
         */
        void addThroughDecimal(char[] chars, int pieceLength, float score) {
            add(chars, pieceLength, score);
            if (floatScores.length < scores.length) {
                floatScores = Arrays.copyOf(floatScores, scores.length);
            }
            floatScores[size - 1] = score;
            scores[size - 1] = Double.NaN;
        }

        private void append(char[] chars, int pieceLength, double score) {
            if (size == MAX_PIECES) {
                throw file.error("more than " + MAX_PIECES + " pieces");
            }
            if (size + 1 == starts.length) {
                starts = Arrays.copyOf(starts, starts.length * 2);
                scores = Arrays.copyOf(scores, scores.length * 2);
            }
            if (length + pieceLength > text.length) {
                text = Arrays.copyOf(text, text.length * 2);
            }
            System.arraycopy(chars, 0, text, length, pieceLength);
            length += pieceLength;
            scores[size++] = score;
            starts[size] = length;
        }

        void add(String piece, double score) {
            add(piece.toCharArray(), piece.length(), score);
        }

        Vocabulary build() {
            if (size == 0) {
                throw file.error("no pieces");
            }
            return new Vocabulary(this);
        }
    }
}

package dev.bgem3.tokenizer;

import java.util.Arrays;

/**
 * Encodes one text: splits added tokens out of the raw text, normalises the rest, splits added tokens out of
 * that, splits on white space, puts {@code ▁} before each word and finds the best path through each word's
 * lattice.
 *
 * <p>Used for one call and then discarded.
 */
final class UnigramEncoder {
    /** Marks the beginning of a word, U+2581. */
    static final char WORD_MARK = '▁';
    private static final int UNREACHED = -1;

    private final Pipeline pipeline;
    private final Vocabulary vocabulary;
    private final char[] text;
    private final NormalizedText normalized;

    private int[] ids;
    private int count;
    /** Source offsets of each token; null if they are not needed. */
    private int[] starts;
    private int[] ends;

    /** For each position in the word, the score of the best path that ends there. */
    private double[] bestScore = new double[64];
    /** For each position in the word, where the last piece of that path starts. */
    private int[] bestStart = new int[64];
    /** For each position in the word, the id of that piece. */
    private int[] bestId = new int[64];

    UnigramEncoder(Pipeline pipeline, String text, boolean withOffsets) {
        this.pipeline = pipeline;
        vocabulary = pipeline.vocabulary();
        this.text = text.toCharArray();
        normalized = new NormalizedText(this.text.length, withOffsets);
        int expected = Math.max(16, this.text.length / 3);
        ids = new int[expected];
        starts = withOffsets ? new int[expected] : null;
        ends = withOffsets ? new int[expected] : null;
    }

    /** Encodes the whole text, without the tokens around it, and returns the number of tokens. */
    int encode() {
        AddedTokens tokens = pipeline.rawTokens();
        AddedTokens.Match match = new AddedTokens.Match();
        int from = 0;
        while (tokens.find(text, from, text.length, match)) {
            encodeSection(from, match.start);
            emit(match.token.id(), match.start, match.end);
            from = match.end;
        }
        encodeSection(from, text.length);
        return count;
    }

    /** Copies the first {@code length} ids to {@code out} at {@code outFrom}. */
    void copyIds(int[] out, int outFrom, int length) {
        System.arraycopy(ids, 0, out, outFrom, length);
    }

    int start(int token) {
        return starts[token];
    }

    int end(int token) {
        return ends[token];
    }

    private void encodeSection(int from, int to) {
        if (from == to) {
            return;
        }
        normalized.clear();
        pipeline.normalizer().normalize(text, from, to, normalized);
        AddedTokens tokens = pipeline.normalizedTokens();
        int position = NormalizedText.FIRST;
        if (!tokens.isEmpty()) {
            AddedTokens.Match match = new AddedTokens.Match();
            while (tokens.find(normalized.chars, position, normalized.length, match)) {
                encodeWords(position, match.start);
                emit(match.token.id(), sourceStart(match.start), sourceEnd(match.end - 1));
                position = match.end;
            }
        }
        encodeWords(position, normalized.length);
    }

    private void encodeWords(int from, int to) {
        char[] chars = normalized.chars;
        int index = from;
        while (index < to) {
            if (WhiteSpace.is(chars[index])) {
                index++;
                continue;
            }
            int start = index;
            while (++index < to && !WhiteSpace.is(chars[index]) && chars[index] != WORD_MARK) {
                continue;
            }
            if (chars[start] != WORD_MARK) {
                // The unit before is white space, the end of a token already emitted, or the free unit.
                markWord(--start);
            }
            encodeWord(start, index);
        }
    }

    private void markWord(int at) {
        normalized.chars[at] = WORD_MARK;
        if (starts != null) {
            int wordStart = normalized.sourceStarts[at + 1];
            // Inside a replacement such as that of U+FDFA, the mark has the same source as the units around
            // it: all of it.
            boolean withinReplacement = at >= NormalizedText.FIRST
                    && normalized.sourceStarts[at] == wordStart;
            normalized.sourceStarts[at] = wordStart;
            normalized.sourceEnds[at] = withinReplacement ? normalized.sourceEnds[at + 1] : wordStart;
        }
    }

    /**
     * Finds the path with the best sum of scores; the first one found wins a tie. A character that is not a
     * piece by itself may also be unknown, and adjacent unknown characters become one token.
     */
    private void encodeWord(int from, int to) {
        int length = to - from;
        reserveLattice(length + 1);
        char[] chars = normalized.chars;
        PieceTrie trie = vocabulary.trie;
        double[] scores = bestScore;
        int[] pieceStarts = bestStart;
        int[] pieceIds = bestId;
        Arrays.fill(pieceStarts, 1, length + 1, UNREACHED);
        scores[0] = 0;
        for (int start = 0; start < length;) {
            double scoreHere = scores[start];
            int single = start + (Character.isHighSurrogate(chars[from + start]) ? 2 : 1);
            boolean singleIsPiece = false;
            int end = start + 1;
            int node = trie.root(chars[from + start]);
            while (node != PieceTrie.NONE) {
                if (trie.isString(node)) {
                    double score = scoreHere + vocabulary.score(node);
                    if (pieceStarts[end] == UNREACHED || score > scores[end]) {
                        scores[end] = score;
                        pieceStarts[end] = start;
                        pieceIds[end] = node;
                    }
                    singleIsPiece |= end == single;
                }
                if (end == length) {
                    break;
                }
                node = trie.child(node, chars[from + end++]);
            }
            if (!singleIsPiece) {
                double score = scoreHere + vocabulary.unknownScore;
                if (pieceStarts[single] == UNREACHED || score > scores[single]) {
                    scores[single] = score;
                    pieceStarts[single] = start;
                    pieceIds[single] = pipeline.unknownId();
                }
            }
            start = single;
        }
        emitPath(from, length);
    }

    /** Emits the path that ends at {@code length}, following its links backwards. */
    private void emitPath(int from, int length) {
        int unknownId = pipeline.unknownId();
        int pieces = 0;
        boolean afterUnknown = false;
        for (int end = length; end > 0; end = bestStart[end]) {
            boolean unknown = bestId[end] == unknownId;
            if (!(unknown && afterUnknown)) {
                pieces++;
            }
            afterUnknown = unknown;
        }
        reserveTokens(pieces);
        int token = count + pieces;
        afterUnknown = false;
        for (int end = length; end > 0; end = bestStart[end]) {
            boolean unknown = bestId[end] == unknownId;
            if (!(unknown && afterUnknown)) {
                ids[--token] = bestId[end];
                if (starts != null) {
                    ends[token] = normalized.sourceEnds[from + end - 1];
                }
            }
            if (starts != null) {
                starts[token] = normalized.sourceStarts[from + bestStart[end]];
            }
            afterUnknown = unknown;
        }
        count += pieces;
    }

    private void emit(int id, int start, int end) {
        reserveTokens(1);
        ids[count] = id;
        if (starts != null) {
            starts[count] = start;
            ends[count] = end;
        }
        count++;
    }

    private int sourceStart(int normalizedIndex) {
        return starts == null ? 0 : normalized.sourceStarts[normalizedIndex];
    }

    private int sourceEnd(int normalizedIndex) {
        return starts == null ? 0 : normalized.sourceEnds[normalizedIndex];
    }

    private void reserveTokens(int more) {
        if (more > ids.length - count) {
            int capacity = (int) Math.min(Integer.MAX_VALUE - 16,
                    Math.max(count + (long) more, ids.length * 2L));
            ids = Arrays.copyOf(ids, capacity);
            if (starts != null) {
                starts = Arrays.copyOf(starts, capacity);
                ends = Arrays.copyOf(ends, capacity);
            }
        }
    }

    private void reserveLattice(int size) {
        if (size > bestScore.length) {
            int capacity = (int) Math.min(Integer.MAX_VALUE - 16, Math.max(size, bestScore.length * 2L));
            bestScore = new double[capacity];
            bestStart = new int[capacity];
            bestId = new int[capacity];
        }
    }
}

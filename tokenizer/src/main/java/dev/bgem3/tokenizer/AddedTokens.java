package dev.bgem3.tokenizer;

import java.util.List;

/** Finds added tokens in a text: leftmost, and of those that begin there the longest. Immutable. */
final class AddedTokens {
    /** The bound on a token's text; together with the trie it keeps the search linear. */
    static final int MAX_CHARS = 512;

    private final AddedToken[] tokens;
    private final PieceTrie trie;

    /** Searches for {@code contents.get(i)}, which stands for {@code tokens.get(i)}. */
    AddedTokens(List<AddedToken> tokens, List<String> contents) {
        this.tokens = tokens.toArray(AddedToken[]::new);
        int[] starts = new int[contents.size() + 1];
        for (int i = 0; i < contents.size(); i++) {
            starts[i + 1] = starts[i] + contents.get(i).length();
        }
        trie = new PieceTrie(String.join("", contents).toCharArray(), starts, contents.size());
    }

    /** Whether there is nothing to find. */
    boolean isEmpty() {
        return tokens.length == 0;
    }

    /**
     * Finds the first token that begins in {@code text[from, to)} and ends there.
     *
     * @return whether there is one, told in {@code match}
     */
    boolean find(char[] text, int from, int to, Match match) {
        for (int start = from; start < to; start++) {
            int node = trie.root(text[start]);
            int found = PieceTrie.NONE;
            for (int end = start + 1; node != PieceTrie.NONE; node = trie.child(node, text[end++])) {
                if (trie.isString(node)) {
                    found = node;
                    match.matchEnd = end;
                }
                if (end == to) {
                    break;
                }
            }
            if (found != PieceTrie.NONE) {
                match.token = tokens[found];
                match.start = start;
                match.end = match.matchEnd;
                strip(text, from, to, match);
                return true;
            }
        }
        return false;
    }

    private static void strip(char[] text, int from, int to, Match match) {
        if (match.token.stripsLeft()) {
            while (match.start > from && WhiteSpace.is(text[match.start - 1])) {
                match.start--;
            }
        }
        if (match.token.stripsRight()) {
            while (match.end < to && WhiteSpace.is(text[match.end])) {
                match.end++;
            }
        }
    }

    /** A found token with the white space that it takes. */
    static final class Match {
        AddedToken token;
        int start;
        int end;
        private int matchEnd;
    }
}

package dev.bgem3.tokenizer;

import java.util.List;

/** Finds added tokens in a text: the leftmost match, and the longest if several begin there. Immutable. */
final class AddedTokens {
    /** The longest text of a token; with the trie, this bound keeps the search linear. */
    static final int MAX_CHARS = 512;

    private final AddedToken[] tokens;
    private final PieceTrie trie;

    /** Builds a search for {@code contents.get(i)}, the text that matches {@code tokens.get(i)}. */
    AddedTokens(List<AddedToken> tokens, List<String> contents) {
        this.tokens = tokens.toArray(AddedToken[]::new);
        int[] starts = new int[contents.size() + 1];
        for (int i = 0; i < contents.size(); i++) {
            starts[i + 1] = starts[i] + contents.get(i).length();
        }
        trie = new PieceTrie(String.join("", contents).toCharArray(), starts, contents.size());
    }

    /** Returns the tokens. */
    List<AddedToken> all() {
        return List.of(tokens);
    }

    /** Returns whether there are no tokens to find. */
    boolean isEmpty() {
        return tokens.length == 0;
    }

    /**
     * Finds the first token within {@code text[from, to)}.
     *
     * @return whether there is one; if so, {@code match} describes it
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

    /** A token that was found, with the white space that it includes. */
    static final class Match {
        AddedToken token;
        int start;
        int end;
        private int matchEnd;
    }
}

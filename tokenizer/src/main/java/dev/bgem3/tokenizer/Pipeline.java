package dev.bgem3.tokenizer;

import dev.bgem3.text.Messages;
import java.util.ArrayList;
import java.util.List;

/**
 * The tokenization steps that a tokenizer file describes, ready for use. Immutable.
 *
 * @param file the file's name, for messages
 */
record Pipeline(String file, Vocabulary vocabulary, Normalizer normalizer, AddedTokens rawTokens,
        AddedTokens normalizedTokens, int unknownId) {

    /**
     * Assembles the steps and checks that every added token is in the vocabulary or follows it without a gap.
     */
    static Pipeline of(SourceFile file, Vocabulary vocabulary, Normalizer normalizer, int unknownId,
            List<AddedToken> addedTokens) {
        List<AddedToken> raw = new ArrayList<>();
        List<AddedToken> normalized = new ArrayList<>();
        List<String> rawContents = new ArrayList<>();
        List<String> beyondModel = new ArrayList<>();
        for (AddedToken token : addedTokens) {
            String content = token.content();
            if (content.isEmpty() || content.length() > AddedTokens.MAX_CHARS
                    || WhiteSpace.is(content.charAt(0))) {
                throw file.error("added_tokens: \"" + Messages.shown(content) + "\" (expected: 1 to "
                        + AddedTokens.MAX_CHARS
                        + " characters, the first of them no white space)");
            }
            if (token.id() >= vocabulary.size()) {
                requireNext(file, vocabulary, token, beyondModel.size());
                beyondModel.add(content);
            } else if (!vocabulary.piece(token.id()).equals(content)) {
                throw file.error("added_tokens: \"" + Messages.shown(content) + "\" has id " + token.id()
                        + ", the piece \""
                        + vocabulary.piece(token.id())
                        + "\" (expected: the id that it has in the vocabulary)");
            }
            if (token.normalized()) {
                normalized.add(token);
            } else {
                raw.add(token);
                rawContents.add(content);
            }
        }
        return new Pipeline(file.name(), vocabulary.with(beyondModel), normalizer,
                search(file.name(), raw, rawContents), search(file.name(), normalized, normalizer),
                unknownId);
    }

    /** Returns the steps for text that is converted to lower case first. */
    Pipeline lowerCasing() {
        Normalizer lower = normalizer.lowerCasing();
        return new Pipeline(file, vocabulary, lower, rawTokens,
                search(file, normalizedTokens.all(), lower), unknownId);
    }

    private static void requireNext(SourceFile file, Vocabulary vocabulary, AddedToken token,
            int alreadyBeyond) {
        int expected = vocabulary.find(token.content());
        if (expected == PieceTrie.NONE) {
            expected = vocabulary.size() + alreadyBeyond;
        }
        if (token.id() != expected) {
            throw file.error("added_tokens: \"" + Messages.shown(token.content()) + "\" has id " + token.id()
                    + " (expected: "
                    + expected + ")");
        }
    }

    /** Normalises the tokens' contents, because the search for them runs on normalised text. */
    private static AddedTokens search(String file, List<AddedToken> tokens, Normalizer normalizer) {
        return search(file, tokens,
                tokens.stream().map(token -> normalize(file, normalizer, token.content())).toList());
    }

    private static String normalize(String file, Normalizer normalizer, String content) {
        NormalizedText text = new NormalizedText(content.length(), false);
        normalizer.normalize(content.toCharArray(), 0, content.length(), text);
        if (text.length == NormalizedText.FIRST) {
            throw new TokenizerException(
                    file + ": added_tokens: \"" + Messages.shown(content) + "\" is normalised to nothing");
        }
        return new String(text.chars, NormalizedText.FIRST, text.length - NormalizedText.FIRST);
    }

    private static AddedTokens search(String file, List<AddedToken> tokens, List<String> contents) {
        try {
            return new AddedTokens(tokens, contents);
        } catch (PieceTrie.DuplicateStringException e) {
            throw new TokenizerException(
                    file + ": added_tokens: \"" + Messages.shown(contents.get(e.second)) + "\" again");
        }
    }
}

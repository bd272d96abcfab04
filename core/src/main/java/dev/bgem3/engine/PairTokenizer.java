package dev.bgem3.engine;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.function.UnaryOperator;

/**
 * Tokenizes pairs as FlagEmbedding's {@code FlagReranker} does; with XLM-RoBERTa's tokenizer the result is
 * {@code <s> query </s></s> passage </s>}. The query is cut to 3/4 of the maximum length, rounded down, even
 * if the pair has room, then the passage to the rest. An empty text has no tokens of its own, but the special
 * ones remain. Made for one call; not thread-safe.
 */
public final class PairTokenizer {
    /**
     * The smallest maximum length: from there on, any query, cut to 3/4, leaves room for a token of its
     * passage beside four special tokens, the most that a tokenizer adds to a pair. For smaller lengths
     * {@code FlagReranker} leaves pairs uncut, so that they exceed the maximum.
     */
    public static final int MIN_LENGTH = 17;

    private final Tokenizer tokenizer;
    private final int prefixLength;
    private final int[] separatorIds;
    /** The number of special tokens of a single text, and of a pair. */
    private final int aroundText;
    private final int aroundPair;
    private final int maxLength;
    private final boolean truncate;
    private final UnaryOperator<String> prepareQuery;
    private final UnaryOperator<String> preparePassage;
    /** Cached because neighbouring pairs often have the same query. */
    private String lastQuery;
    private Encoding lastQueryTokens;

    /**
     * Creates the tokenizer for a call.
     *
     * @param maxLength
     *            the maximum number of tokens of a pair, at least {@link #MIN_LENGTH}
     * @param truncate
     *            whether a pair that is too long is cut; otherwise it is an error
     * @param prepareQuery
     *            puts the instruction before a query
     * @param preparePassage
     *            puts the instruction before a passage
     */
    public PairTokenizer(Tokenizer tokenizer, int maxLength, boolean truncate,
            UnaryOperator<String> prepareQuery, UnaryOperator<String> preparePassage) {
        this.tokenizer = tokenizer;
        prefixLength = tokenizer.prefixIds().length;
        separatorIds = tokenizer.separatorIds();
        aroundText = prefixLength + tokenizer.suffixIds().length;
        aroundPair = aroundText + separatorIds.length;
        this.maxLength = maxLength;
        this.truncate = truncate;
        this.prepareQuery = prepareQuery;
        this.preparePassage = preparePassage;
    }

    /**
     * Tokenizes a pair.
     *
     * @param place
     *            the pair's name in messages, to which the beginning of its texts is added
     * @throws InputException
     *             if a text is null, or the pair is too long and may not be cut
     */
    public TokenizedText tokens(String place, String queryText, String passageText) {
        if (queryText == null || passageText == null) {
            throw new InputException(place + ": null (expected: a query and a passage)");
        }
        String name = place + " (\"" + TokenizedText.beginning(queryText) + "\", \""
                + TokenizedText.beginning(passageText) + "\")";
        int maxQuery = (int) (maxLength * 3L / 4);
        Encoding query = queryTokens(name, queryText, maxQuery);
        int queryLength = query.length() - aroundText;
        int maxPassage = maxLength - aroundPair - queryLength;
        Encoding passage = TokenizedText.encode(name, preparePassage.apply(passageText),
                maxPassage + aroundText, tokenizer);
        if (!truncate) {
            requireWhole(name + ": query", query, maxQuery);
            requireWhole(name + ": passage", passage, maxPassage);
        }
        int queryEnd = prefixLength + queryLength;
        int passageBegin = queryEnd + separatorIds.length;
        int[] ids = new int[passageBegin + passage.length() - prefixLength];
        System.arraycopy(query.ids(), 0, ids, 0, queryEnd);
        System.arraycopy(separatorIds, 0, ids, queryEnd, separatorIds.length);
        System.arraycopy(passage.ids(), prefixLength, ids, passageBegin, ids.length - passageBegin);
        return new TokenizedText(ids, Math.addExact(query.fullLength(),
                passage.fullLength() + aroundPair - 2 * aroundText), name);
    }

    private Encoding queryTokens(String name, String query, int maxTokens) {
        if (!query.equals(lastQuery)) {
            lastQueryTokens = TokenizedText.encode(name, prepareQuery.apply(query),
                    maxTokens + aroundText, tokenizer);
            lastQuery = query;
        }
        return lastQueryTokens;
    }

    private void requireWhole(String name, Encoding text, int maxTokens) {
        if (text.truncated()) {
            throw new InputException(
                    name + ": " + (text.fullLength() - aroundText) + " tokens (expected: at most "
                            + maxTokens + " of the pair's " + maxLength + ", or truncate)");
        }
    }
}

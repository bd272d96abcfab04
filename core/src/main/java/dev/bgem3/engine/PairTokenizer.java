package dev.bgem3.engine;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.function.UnaryOperator;

/**
 * Makes pairs into tokens as FlagEmbedding's {@code FlagReranker} does; with XLM-RoBERTa's tokenizer
 * {@code <s> query </s></s> passage </s>}. The query is cut to 3/4 of the maximum length, rounded down,
 * even if the pair has room, then the passage to what is left. An empty text has no tokens of its own; the
 * special ones stay. For one call.
 */
public final class PairTokenizer {
    /**
     * The least maximum length: from there on any query, cut to 3/4, leaves room for a token of its passage
     * beside four special tokens, the most that a tokenizer puts around a pair. Below it {@code FlagReranker}
     * leaves pairs uncut, longer than they may be.
     */
    public static final int MIN_LENGTH = 17;

    private final Tokenizer tokenizer;
    private final int prefixLength;
    private final int[] separatorIds;
    /** How many special tokens a single text has, and a pair. */
    private final int aroundText;
    private final int aroundPair;
    private final int maxLength;
    private final boolean truncate;
    private final UnaryOperator<String> prepareQuery;
    private final UnaryOperator<String> preparePassage;
    /** Neighbouring pairs often have the same query. */
    private String lastQuery;
    private Encoding lastQueryTokens;

    /**
     * For a call.
     *
     * @param maxLength
     *            the most tokens of a pair, at least {@link #MIN_LENGTH}
     * @param truncate
     *            whether a pair that is too long is cut; else it is an error
     * @param prepareQuery
     *            puts before a query what goes there
     * @param preparePassage
     *            the same of a passage
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
     * The tokens of a pair.
     *
     * @param place
     *            what messages call it, before how its texts begin
     * @throws InputException
     *             where a text is null, or the pair is too long and must not be cut
     */
    public TokenizedText tokens(String place, String queryText, String passageText) {
        if (queryText == null || passageText == null) {
            throw new InputException(place + ": null (expected: a query and a passage)");
        }
        String name = place + " (\"" + TokenizedText.beginning(queryText) + "\", \""
                + TokenizedText.beginning(passageText) + "\")";
        int queryMost = (int) (maxLength * 3L / 4);
        Encoding query = queryTokens(name, queryText, queryMost);
        int queryLength = query.length() - aroundText;
        int passageMost = maxLength - aroundPair - queryLength;
        Encoding passage = TokenizedText.encode(name, preparePassage.apply(passageText),
                passageMost + aroundText, tokenizer);
        if (!truncate) {
            requireWhole(name + ": query", query, queryMost);
            requireWhole(name + ": passage", passage, passageMost);
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

    private Encoding queryTokens(String name, String query, int most) {
        if (!query.equals(lastQuery)) {
            lastQueryTokens = TokenizedText.encode(name, prepareQuery.apply(query),
                    most + aroundText, tokenizer);
            lastQuery = query;
        }
        return lastQueryTokens;
    }

    private void requireWhole(String name, Encoding text, int most) {
        if (text.truncated()) {
            throw new InputException(
                    name + ": " + (text.fullLength() - aroundText) + " tokens (expected: at most "
                            + most + " of the pair's " + maxLength + ", or truncate)");
        }
    }
}

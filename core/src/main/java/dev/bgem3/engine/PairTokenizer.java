package dev.bgem3.engine;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.XlmRobertaTokenizer;
import java.util.function.UnaryOperator;

/**
 * Makes pairs into tokens as FlagEmbedding's {@code FlagReranker} does: {@code <s> query </s></s> passage </s>}, the query cut to 3/4
 * of the maximum length, rounded down, whether the pair has room or not, then the passage to what is left. An empty text has no tokens
 * and keeps those around it. For one call.
 */
public final class PairTokenizer {
    /** {@code <s>}, and {@code </s>} three times. */
    static final int SPECIAL_TOKENS = 4;
    /**
     * The least maximum length: from there on any query, cut to 3/4, leaves room for a token of its passage. Below it
     * {@code FlagReranker} leaves pairs uncut, longer than they may be.
     */
    public static final int MIN_LENGTH = 17;
    private static final int AROUND_TEXT = 2;

    private final XlmRobertaTokenizer tokenizer;
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
    public PairTokenizer(XlmRobertaTokenizer tokenizer, int maxLength, boolean truncate,
            UnaryOperator<String> prepareQuery, UnaryOperator<String> preparePassage) {
        this.tokenizer = tokenizer;
        this.maxLength = maxLength;
        this.truncate = truncate;
        this.prepareQuery = prepareQuery;
        this.preparePassage = preparePassage;
    }

    /**
     * The tokens of pair number {@code i} of the call.
     *
     * @throws InputException
     *             where a text is null, or the pair is too long and must not be cut
     */
    public TokenizedText tokens(int i, String queryText, String passageText) {
        if (queryText == null || passageText == null) {
            throw new InputException("pair " + i + ": null (expected: a query and a passage)");
        }
        String name = "pair " + i + " (\"" + TokenizedText.beginning(queryText) + "\", \""
                + TokenizedText.beginning(passageText) + "\")";
        int queryMost = (int) (maxLength * 3L / 4);
        Encoding query = queryTokens(name, queryText, queryMost);
        int queryLength = query.length() - AROUND_TEXT;
        int passageMost = maxLength - SPECIAL_TOKENS - queryLength;
        Encoding passage = TokenizedText.encode(name, preparePassage.apply(passageText),
                passageMost + AROUND_TEXT, tokenizer);
        if (!truncate) {
            requireWhole(name + ": query", query, queryMost);
            requireWhole(name + ": passage", passage, passageMost);
        }
        // The query's own <s> and </s> stand, and one more </s> in the place of the passage's <s>.
        int[] first = query.ids();
        int[] second = passage.ids();
        int[] ids = new int[first.length + second.length];
        System.arraycopy(first, 0, ids, 0, first.length);
        System.arraycopy(second, 0, ids, first.length, second.length);
        ids[first.length] = tokenizer.eosTokenId();
        return new TokenizedText(ids, Math.addExact(query.fullLength(), passage.fullLength()), name);
    }

    private Encoding queryTokens(String name, String query, int most) {
        if (!query.equals(lastQuery)) {
            lastQueryTokens = TokenizedText.encode(name, prepareQuery.apply(query),
                    most + AROUND_TEXT, tokenizer);
            lastQuery = query;
        }
        return lastQueryTokens;
    }

    private void requireWhole(String name, Encoding text, int most) {
        if (text.truncated()) {
            throw new InputException(
                    name + ": " + (text.fullLength() - AROUND_TEXT) + " tokens (expected: at most "
                            + most + " of the pair's " + maxLength + ", or truncate)");
        }
    }
}

package dev.bgem3;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.XlmRobertaTokenizer;

/**
 * Makes pairs into tokens as FlagEmbedding's {@code FlagReranker} does: {@code <s> query </s></s> passage </s>}, the query cut to 3/4
 * of the maximum length, rounded down, whether the pair has room or not, then the passage to what is left. An empty text has no tokens
 * and keeps those around it. For one call.
 */
final class PairTokenizer {
    /** {@code <s>}, and {@code </s>} three times. */
    static final int SPECIAL_TOKENS = 4;
    private static final int AROUND_TEXT = 2;

    private final XlmRobertaTokenizer tokenizer;
    private final LoadOptions instructions;
    private final RerankOptions options;
    private final int maxLength;
    /** Neighbouring pairs often have the same query. */
    private String lastQuery;
    private Encoding lastQueryTokens;

    /**
     * Checks the maximum length.
     *
     * @param instructions
     *            what goes before queries and passages
     * @throws InputException
     *             where the model cannot do as much
     */
    PairTokenizer(LoadedModel model, LoadOptions instructions, RerankOptions options) {
        tokenizer = model.tokenizer();
        this.instructions = instructions;
        this.options = options;
        int most = model.info().maxLength();
        maxLength = options.maxLength().orElse(most);
        if (maxLength > most) {
            throw new InputException("maxLength: " + maxLength + " (expected: " + RerankOptions.LEAST_LENGTH
                    + ".." + most + ", the model's limit)");
        }
    }

    /** The tokens of pair number {@code i} of the call. */
    TokenizedText tokens(int i, TextPair pair) {
        if (pair == null || pair.query() == null || pair.passage() == null) {
            throw new InputException("pair " + i + ": null (expected: a query and a passage)");
        }
        TokenizedText.checkCancelled(options.cancelled());
        String name = "pair " + i + " (\"" + TokenizedText.beginning(pair.query()) + "\", \""
                + TokenizedText.beginning(pair.passage()) + "\")";
        int queryMost = (int) (maxLength * 3L / 4);
        Encoding query = queryTokens(name, pair.query(), queryMost);
        int queryLength = query.length() - AROUND_TEXT;
        int passageMost = maxLength - SPECIAL_TOKENS - queryLength;
        Encoding passage = TokenizedText.encode(name, Instruction.apply(
                instructions.passageInstructionFormat(), instructions.passageInstruction(), pair.passage()),
                passageMost + AROUND_TEXT, tokenizer);
        if (!options.truncate()) {
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
            lastQueryTokens = TokenizedText.encode(name, Instruction.apply(
                    instructions.queryInstructionFormat(), instructions.queryInstruction(), query),
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

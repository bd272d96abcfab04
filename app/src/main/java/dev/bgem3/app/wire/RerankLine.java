package dev.bgem3.app.wire;

import dev.bgem3.TextPair;
import java.util.List;

/**
 * A line of the input with a query and the passages to score against it.
 *
 * @param id
 *            the JSON value to repeat in the result, as it was written
 * @param pairs
 *            the query with each passage, whose place is the line; only one pair unless ranked
 * @param ranked
 *            whether the line has a list of passages, to be ranked
 */
public record RerankLine(String id, List<TextPair> pairs, boolean ranked) {}

package dev.bgem3.app.wire;

import dev.bgem3.TextPair;

/**
 * A line of the input with a query and a passage.
 *
 * @param id
 *            the JSON value to repeat in the result, as it was written
 * @param pair
 *            the texts, whose place is the line
 */
public record PairLine(String id, TextPair pair) {}

package dev.bgem3.app.wire;

import dev.bgem3.TextPair;

/**
 * One query and passage of the input.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param pair
 *            the texts, at their line
 */
public record PairLine(String id, TextPair pair) {}

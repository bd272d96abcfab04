package dev.bgem3.app.wire;

import dev.bgem3.TextPair;
import java.util.List;

/**
 * One query of the input, and what is to be scored against it.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param pairs
 *            the query with each passage, at their line; one where they are not to be ranked
 * @param ranked
 *            whether the line has a list of passages, and wants them ranked
 */
public record RerankLine(String id, List<TextPair> pairs, boolean ranked) {}

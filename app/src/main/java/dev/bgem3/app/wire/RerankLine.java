package dev.bgem3.app.wire;

import java.util.List;

/**
 * One query of the input, and what is to be scored against it.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param query
 *            the query's text
 * @param passages
 *            the passages' texts; one where they are not to be ranked
 * @param ranked
 *            whether the line has a list of passages, and wants them ranked
 */
public record RerankLine(String id, String query, List<String> passages, boolean ranked) {}

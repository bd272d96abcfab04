package dev.bgem3.app.wire;

/**
 * One query and passage of the input.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param query
 *            the query's text
 * @param passage
 *            the passage's text
 */
public record PairLine(String id, String query, String passage) {}

package dev.bgem3;

/**
 * A query and a passage to be scored against each other. Neither text may be null, which is checked where the
 * pair is scored.
 *
 * @param query
 *            the query's text
 * @param passage
 *            the passage's text
 */
public record TextPair(String query, String passage) {}
